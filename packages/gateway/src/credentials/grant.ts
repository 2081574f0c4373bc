import { timingSafeEqual } from 'node:crypto';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Hello } from '@reverse-http/protocol/session';
import { matchesPattern } from '../policy/target-pattern.js';
import { digest, tokenId } from './token.js';

/** What a credential allows. */
export interface Grant {
  /** Patterns of target ids, `*` stands for any text. Default: every target. */
  readonly targets?: readonly string[];
  /** Whose targets they are: any credential of the owner's can go on with a session. Default `default`. */
  readonly owner?: string;
  /** Milliseconds since 1970; the session ends then. */
  readonly expiresAt?: number;
  /** Names the credential in logs and in the list of sessions. */
  readonly id?: string;
}

/**
 * Decides about a hello: a grant lets the connector in, undefined refuses it. To say why, throw a `ReverseHttpError` with
 * code `unauthorized` or `revoked`: its message is what the connector's user reads.
 */
export type Authenticate = (hello: Hello) => Grant | undefined | Promise<Grant | undefined>;

/**
 * Accepts each of some tokens for every target.
 *
 * @throws ReverseHttpError `bad-option` for an empty token, which nobody means.
 */
export function authenticateByTokens(tokens: readonly string[]): Authenticate {
  if (tokens.length === 0 || tokens.some((token) => typeof token !== 'string' || token === '')) {
    throw new ReverseHttpError('bad-option', 'auth.tokens: give at least one token, and none that is empty');
  }
  const digests = tokens.map(digest);
  return (hello) => {
    if (hello.token === undefined) return undefined;
    const given = digest(hello.token);
    let index = -1;
    // Every token is compared, so that the time tells nothing.
    digests.forEach((known, i) => {
      if (timingSafeEqual(known, given)) index = i;
    });
    return index < 0 ? undefined : { id: tokenId(tokens[index]!) };
  };
}

/** Whether a grant's patterns allow a target id (compared without case). */
export function allowsTarget(grant: Grant, target: string): boolean {
  if (grant.targets === undefined) return true;
  return grant.targets.some((pattern) => matchesPattern(pattern, target));
}

/** Whose a grant is. */
export function ownerOf({ owner }: Grant): string {
  return owner ?? 'default';
}
