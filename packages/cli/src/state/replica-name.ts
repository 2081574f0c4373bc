import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { takeLock } from './lock-file.js';
import { machineId } from './machine-id.js';
import { readableName } from './readable-name.js';
import { readSecretFile, writeSecretFile } from './secret-file.js';
import type { StateDirectory } from './state-directory.js';

/** A replica's name that this process alone uses until it lets go of it. */
export interface ReplicaName {
  readonly name: string;
  release(): void;
}

/** What is kept in a file for each name. */
interface KeptName {
  readonly name: string;
  readonly machine: string;
  readonly gateway: string;
  readonly target: string;
}

/** Processes on one machine that serve one target at one gateway at a time; the next gets a name that is not kept. */
const maxSlots = 64;
/** Replicas of a target that meet by chance would fence each other: 25 bits beside the words. */
const nameCharacters = 5;

/**
 * The name of this machine's replica of a target: the same after each restart, so that a restarted server takes its own
 * place. A second process gets a second name. A name that came with a copy of another machine's disk is not used.
 */
export function claimReplicaName(state: StateDirectory, gateway: string, target: string): ReplicaName {
  state.create();
  mkdirSync(state.replicasPath, { recursive: true, mode: 0o700 });
  const key = createHash('sha256').update(`${gateway}\n${target.toLowerCase()}`).digest('hex').slice(0, 16);
  for (let slot = 0; slot < maxSlots; slot++) {
    const path = join(state.replicasPath, `${key}-${slot}`);
    const release = takeLock(`${path}.lock`);
    if (release) return { name: keptName(`${path}.json`, gateway, target), release };
  }
  return { name: readableName(nameCharacters), release() {} };
}

function keptName(file: string, gateway: string, target: string): string {
  const machine = machineId();
  const kept = parse(readSecretFile(file));
  if (kept?.machine === machine && typeof kept.name === 'string') return kept.name;
  const name = readableName(nameCharacters);
  const fresh: KeptName = { name, machine, gateway, target };
  writeSecretFile(file, `${JSON.stringify(fresh)}\n`);
  return name;
}

function parse(text: string | undefined): KeptName | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as KeptName);
  } catch {
    return undefined;
  }
}
