import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Hello } from '@reverse-http/protocol/session';

/** What a credential allows. */
export interface Grant {
  /** Patterns of target ids, `*` stands for any text. Default: every target. */
  readonly targets?: readonly string[];
  /** Whose targets they are: those of different owners must not share an origin. Default `default`. */
  readonly owner?: string;
  /** Milliseconds since 1970; the session ends then. */
  readonly expiresAt?: number;
  /** Names the credential in logs and in the list of sessions. */
  readonly id?: string;
}

/** Decides about a hello: a grant lets the connector in, undefined refuses it. */
export type Authenticate = (hello: Hello) => Grant | undefined | Promise<Grant | undefined>;

/** A new token: `rhttp_<id>_<secret><crc>`, the last six characters being a checksum that tells a mistyped one. */
export function createToken(): string {
  const body = `rhttp_${randomBytes(6).toString('hex')}_${randomBytes(24).toString('base64url').replace(/[-_]/g, 'x')}`;
  return body + checksum(body);
}

/** Accepts each of some tokens for every target. */
export function authenticateByTokens(tokens: readonly string[]): Authenticate {
  const digests = tokens.map(digest);
  return (hello) => {
    const given = digest(hello.token ?? '');
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
  return grant.targets.some((pattern) => {
    const text = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${text}$`, 'i').test(target);
  });
}

function tokenId(token: string): string {
  return /^rhttp_([0-9a-f]+)_/.exec(token)?.[1] ?? 'unnamed';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checksum(text: string): string {
  return digest(text).toString('hex').slice(0, 6);
}
