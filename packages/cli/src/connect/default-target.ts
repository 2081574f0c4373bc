import { readableName } from '../state/readable-name.js';
import { readSecretFile } from '../state/secret-file.js';
import type { StateDirectory } from '../state/state-directory.js';

/** 40 random bits: nobody finds the URL by trying. */
const randomCharacters = 8;

/**
 * The target where none was named: the token's own, where it names exactly one and this machine has the gateway's tokens;
 * else a random name.
 */
export function defaultTarget(token: string | undefined, { tokensFile }: StateDirectory): string {
  return (token === undefined ? undefined : ownTarget(token, tokensFile)) ?? readableName(randomCharacters);
}

function ownTarget(token: string, tokensFile: string): string | undefined {
  const id = /^rhttp_([0-9a-f]+)_/.exec(token)?.[1];
  try {
    const { tokens } = JSON.parse(readSecretFile(tokensFile) ?? '{}') as {
      readonly tokens?: readonly { readonly id: string; readonly targets: readonly string[] }[];
    };
    const [target, ...others] = tokens?.find((entry) => entry.id === id)?.targets ?? [];
    return others.length === 0 && target !== undefined && !target.includes('*') ? target : undefined;
  } catch {
    return undefined; // Another user's gateway: the name is random then.
  }
}
