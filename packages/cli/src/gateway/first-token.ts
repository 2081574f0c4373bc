import type { TokenStore } from '@reverse-http/gateway';
import { readSecretFile, writeSecretFile } from '../state/secret-file.js';
import type { StateDirectory } from '../state/state-directory.js';

/**
 * Sees to it that somebody can connect: a store without tokens gets its first one, which is kept in the clear for commands
 * on this machine.
 *
 * @returns the file with a token that opens this gateway; undefined when this machine has none
 */
export async function provideFirstToken(store: TokenStore, { tokenFile }: StateDirectory): Promise<string | undefined> {
  if (store.list().length === 0) {
    const { token } = await store.create();
    writeSecretFile(tokenFile, `${token}\n`);
    return tokenFile;
  }
  return (await opens(store, readSecretFile(tokenFile))) ? tokenFile : undefined;
}

async function opens(store: TokenStore, token: string | undefined): Promise<boolean> {
  if (!token) return false;
  try {
    await store.authenticate({ token });
    return true;
  } catch {
    return false; // Revoked, expired, or another file's token.
  }
}
