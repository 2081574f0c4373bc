import { readFileSync, rmSync } from 'node:fs';
import { isAlive, ownMark, type ProcessMark } from './process-mark.js';
import { writeSecretFile } from './secret-file.js';
import type { StateDirectory } from './state-directory.js';

/** The gateway that runs on this machine, as other commands find it. */
export interface GatewayRecord extends ProcessMark {
  /** How connectors on this machine reach it, the preferred one first. */
  readonly urls: readonly string[];
  /** How visitors reach it. */
  readonly publicUrl: string;
  /** Admin listener; null: there is none. */
  readonly admin: string | null;
  /** File with the first token in the clear; null: there is none, or nobody is asked for one. */
  readonly tokenFile: string | null;
  readonly adminTokenFile: string | null;
  /** What the last reload came to; null: there was none. */
  readonly reload: ReloadOutcome | null;
}

/** What a reload came to. */
export interface ReloadOutcome {
  /** When it began, milliseconds since 1970. */
  readonly at: number;
  readonly failed: boolean;
  /** What there is to say of it. */
  readonly line: string;
}

/** Tells other commands of the gateway of this process. */
export function writeGatewayRecord(
  { gatewayFile }: StateDirectory,
  record: Omit<GatewayRecord, keyof ProcessMark>,
): void {
  writeSecretFile(gatewayFile, `${JSON.stringify({ ...ownMark(), ...record }, undefined, 2)}\n`);
}

/** Whether others were told of this process's gateway, and no other gateway wrote meanwhile. */
export function ownsGatewayRecord({ gatewayFile }: StateDirectory): boolean {
  return parse(gatewayFile)?.pid === process.pid;
}

/** Takes back what others were told of this process's gateway. */
export function forgetGatewayRecord(state: StateDirectory): void {
  if (ownsGatewayRecord(state)) rmSync(state.gatewayFile, { force: true });
}

/** The gateway that runs now; undefined when none does, even where one died without a word. */
export function readGatewayRecord({ gatewayFile }: StateDirectory): GatewayRecord | undefined {
  const record = parse(gatewayFile);
  return record && isAlive(record) ? record : undefined;
}

function parse(file: string): GatewayRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as GatewayRecord;
    return Number.isSafeInteger(record.pid) && Array.isArray(record.urls) ? record : undefined;
  } catch {
    return undefined; // Not there, or not ours: as good as no gateway.
  }
}
