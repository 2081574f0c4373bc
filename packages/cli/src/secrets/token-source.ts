import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import type { Io } from '../io.js';

/** Where a token comes from. */
export interface TokenSource {
  /** For people: `the file /etc/rhttp/token`; undefined while there is no token. */
  readonly name: string | undefined;
  /** Reads it anew, so that a changed one is found without a restart. Throws when there is none now, and waiting helps. */
  read(): string | undefined;
}

/** What was typed about the token; what stands in the environment is looked up here, because flags win over all of it. */
export interface TokenFlags {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/**
 * The token that the user names, if any.
 *
 * @throws CommandError when a file that is named has none now: it is told at once, not at the first refusal
 */
export function tokenSourceOf(flags: TokenFlags, io: Io, warn: (line: string) => void): TokenSource | undefined {
  if (flags.tokenFile !== undefined) return fileSource(flags.tokenFile, io, warn);
  if (flags.token !== undefined) {
    warn('Warning: everybody on this machine can read --token (ps shows it): use --token-file FILE or RHTTP_TOKEN');
    return textSource('--token', flags.token);
  }
  if (io.env.RHTTP_TOKEN_FILE) return fileSource(io.env.RHTTP_TOKEN_FILE, io, warn);
  return io.env.RHTTP_TOKEN ? textSource('RHTTP_TOKEN', io.env.RHTTP_TOKEN) : undefined;
}

function textSource(name: string, text: string): TokenSource {
  const token = text.trim();
  return { name, read: () => token };
}

function fileSource(file: string, { cwd }: Io, warn: (line: string) => void): TokenSource {
  const path = resolve(cwd, file);
  const read = (): string => {
    const token = readToken(path, file);
    if (token === '') throw new CommandError(`Token file ${file} is empty`);
    return token;
  };
  read();
  const mode = statSync(path).mode;
  // Windows has no such bits: there they are always set.
  if (process.platform !== 'win32' && mode & 0o044 && (mode & 0o170000) === 0o100000) {
    warn(`Warning: other users of this machine can read ${file}: chmod 600 ${file}`);
  }
  return { name: `the file ${file}`, read };
}

function readToken(path: string, file: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`Token file ${file} ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}`);
  }
}
