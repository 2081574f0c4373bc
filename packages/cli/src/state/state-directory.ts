import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import type { Io } from '../io.js';

/** Where the command keeps what must last: `RHTTP_STATE_DIR`, else `$XDG_STATE_HOME/rhttp`, else `~/.local/state/rhttp`. */
export interface StateDirectory {
  readonly path: string;
  /** Tokens of the gateway, hashed. */
  readonly tokensFile: string;
  /** First token in the clear. */
  readonly tokenFile: string;
  /** What the admin listener asks for. */
  readonly adminTokenFile: string;
  /** Which gateway runs. */
  readonly gatewayFile: string;
  /** Names of replicas. */
  readonly replicasPath: string;
  /** Makes the directory where it is missing, for its owner alone. */
  create(): void;
}

/** Names the state directory; nothing is made yet. */
export function stateDirectoryOf({ env, cwd }: Io): StateDirectory {
  const home = env.HOME || homedir();
  const path = env.RHTTP_STATE_DIR
    ? resolve(cwd, env.RHTTP_STATE_DIR)
    : join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'rhttp');
  return {
    path,
    tokensFile: join(path, 'tokens.json'),
    tokenFile: join(path, 'token'),
    adminTokenFile: join(path, 'admin-token'),
    gatewayFile: join(path, 'gateway.json'),
    replicasPath: join(path, 'replicas'),
    create() {
      try {
        mkdirSync(path, { recursive: true, mode: 0o700 });
      } catch (error) {
        throw new CommandError(
          `The state directory ${path} cannot be made (${codeOf(error)}): set RHTTP_STATE_DIR to another one`,
        );
      }
    },
  };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
