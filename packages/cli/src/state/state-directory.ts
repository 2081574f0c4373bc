import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import { type Io, writeLine } from '../io.js';

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
  /** Makes the directory where it is missing, for its owner alone; warns where others may write in it. */
  create(): void;
}

/** Names the state directory; nothing is made yet. */
export function stateDirectoryOf({ env, cwd, stderr }: Io): StateDirectory {
  let isChecked = false;
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
      // Not refused: volumes of containers are often made like this, and nobody else is in there.
      if (!isChecked && isOpenToOthers(path)) {
        writeLine(
          stderr,
          `Warning: other users may write in ${path}, and so say whose tokens are good: chmod 700 ${path}`,
        );
      }
      isChecked = true;
    },
  };
}

function isOpenToOthers(path: string): boolean {
  const { uid, mode } = statSync(path);
  // Windows has no such bits.
  if (process.platform === 'win32') return false;
  const own = process.getuid?.();
  return (mode & 0o022) !== 0 || (own !== 0 && uid !== own && uid !== 0);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
