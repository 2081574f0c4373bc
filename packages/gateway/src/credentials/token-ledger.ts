import { timingSafeEqual } from 'node:crypto';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Grant } from './grant.js';
import { digest, isMistyped } from './token.js';
import type { TokenRecord } from './token-file.js';

/** What the tokens of one moment allow. */
export interface TokenLedger {
  readonly records: readonly TokenRecord[];
  /** Takes over other records, and looks at the clock; gives the ids of those that were good and no longer are. */
  update(records: readonly TokenRecord[]): readonly string[];
  /** The same for the clock alone; costs nothing while no token has expired. */
  expire(): readonly string[];
  /** Whether the token is one of the records, good or not. */
  knows(token: string): boolean;
  /** @throws ReverseHttpError `unauthorized` or `revoked` */
  grantFor(token: string | undefined): Grant;
}

/** @param now Milliseconds since 1970. */
export function createTokenLedger(now: () => number): TokenLedger {
  let records: readonly TokenRecord[] = [];
  let byHash = new Map<string, TokenRecord>();
  let good = new Set<string>();
  let nextExpiry = Number.POSITIVE_INFINITY;

  function settle(): readonly string[] {
    const before = good;
    const time = now();
    good = new Set();
    nextExpiry = Number.POSITIVE_INFINITY;
    for (const record of records) {
      if (!isGood(record, time)) continue;
      good.add(record.id);
      nextExpiry = Math.min(nextExpiry, expiryOf(record));
    }
    return [...before].filter((id) => !good.has(id));
  }

  return {
    get records() {
      return records;
    },
    update(changed) {
      records = changed;
      byHash = new Map(changed.map((record) => [record.hash, record]));
      return settle();
    },
    knows: (token) => byHash.has(digest(token).toString('hex')),
    expire: () => (now() < nextExpiry ? [] : settle()),
    grantFor(token) {
      if (token === undefined) throw new ReverseHttpError('unauthorized', 'The gateway wants a token.');
      const hash = digest(token);
      // How long the look-up takes depends on a hash, which nobody can turn into a token.
      const record = byHash.get(hash.toString('hex'));
      if (!record || !timingSafeEqual(Buffer.from(record.hash, 'hex'), hash)) throw refusalOf(token);
      const { id, targets, owner, expiresAt, revokedAt } = record;
      if (revokedAt !== undefined)
        throw new ReverseHttpError('revoked', `The token ${id} was revoked at ${revokedAt}.`);
      if (!isGood(record, now())) throw new ReverseHttpError('revoked', `The token ${id} expired at ${expiresAt}.`);
      return { id, targets, owner, ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }) };
    },
  };
}

/** Whether a token opens the door. */
export function isGood(record: TokenRecord, time: number): boolean {
  return record.revokedAt === undefined && time < expiryOf(record);
}

/** Milliseconds since 1970; `Infinity` for a token that never expires. */
export function expiryOf({ expiresAt }: TokenRecord): number {
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
}

/** The checksum is computed from what the connector sent, so that it tells nothing about the tokens that there are. */
function refusalOf(token: string): ReverseHttpError {
  const message = isMistyped(token)
    ? 'The token is mistyped or cut short: its checksum is wrong.'
    : 'The gateway does not know this token.';
  return new ReverseHttpError('unauthorized', message);
}
