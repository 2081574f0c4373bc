import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { createToken, digest, tokenId } from './token.js';
import { maxTokens, problemOfOwner, problemOfTargets, type TokenRecord } from './token-file.js';
import { expiryOf, isGood } from './token-ledger.js';

/** One token, without what could be used to connect. Times are ISO 8601. */
export interface TokenEntry {
  readonly id: string;
  /** Patterns of target ids, `*` stands for any text. */
  readonly targets: readonly string[];
  readonly owner: string;
  readonly createdAt: string;
  /** Null: never. */
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

/** What a new token is to allow. */
export interface NewTokenOptions {
  /** Patterns of target ids. Default `['*']`. */
  readonly targets?: readonly string[];
  /** Whose targets they are. Default `default`. */
  readonly owner?: string;
  /** Milliseconds from now; undefined: for ever. */
  readonly expiresInMs?: number | undefined;
}

/** A token that was just made: the only time that it is seen. */
export interface NewToken {
  readonly token: string;
  readonly entry: TokenEntry;
}

/** The records after a change, the same array when nothing changed, and what the change gives. */
export interface Edited<T> {
  readonly records: readonly TokenRecord[];
  readonly result: T;
}

type Records = readonly TokenRecord[];

/** What a record shows of itself. */
export function entryOf({ id, targets, owner, createdAt, expiresAt, revokedAt }: TokenRecord): TokenEntry {
  return { id, targets, owner, createdAt, expiresAt: expiresAt ?? null, revokedAt: revokedAt ?? null };
}

/** Adds a token. */
export function withNewToken(records: Records, wanted: NewTokenOptions, time: number): Edited<NewToken> {
  const { targets = ['*'], owner = 'default', expiresInMs } = wanted;
  if (records.length >= maxTokens) throw badOption(`there are ${maxTokens} tokens, the most a file can have`);
  assertFine('targets', problemOfTargets(targets));
  assertFine('owner', problemOfOwner(owner));
  if (expiresInMs === 0) throw badOption('expires: a token has to last for some time');
  const token = createToken();
  const createdAt = isoTime(time);
  const expiry = expiresInMs === undefined ? {} : { expiresAt: isoTime(time + spanOf('expires', expiresInMs)) };
  const hash = digest(token).toString('hex');
  const record = { id: tokenId(token), hash, targets: [...targets], owner, createdAt, ...expiry };
  return { records: [...records, record], result: { token, entry: entryOf(record) } };
}

/** Marks a token as revoked; false when there is none of this id. */
export function withRevoked(records: Records, id: string, time: number): Edited<boolean> {
  const old = records.find((record) => record.id === id);
  if (!old || old.revokedAt !== undefined) return { records, result: old !== undefined };
  return { records: replaced(records, old, { ...old, revokedAt: isoTime(time) }), result: true };
}

/** Adds a successor of a token, and lets the old one expire; undefined when there is none of this id. */
export function withRotated(
  records: Records,
  id: string,
  overlapMs: number,
  time: number,
): Edited<NewToken | undefined> {
  const end = time + spanOf('overlap', overlapMs);
  const old = records.find((record) => record.id === id);
  if (!old) return { records, result: undefined };
  if (!isGood(old, time)) throw badOption(`the token ${id} is revoked or has expired: create a new one`);
  const { targets, owner } = old;
  const expiresInMs = old.expiresAt === undefined ? undefined : expiryOf(old) - Date.parse(old.createdAt);
  const leaving = { ...old, expiresAt: isoTime(Math.min(expiryOf(old), end)) };
  return withNewToken(replaced(records, old, leaving), { targets, owner, expiresInMs }, time);
}

function replaced(records: Records, old: TokenRecord, now: TokenRecord): Records {
  return records.map((record) => (record === old ? now : record));
}

/** A hundred years are enough for a token, and dates far beyond cannot be written. */
const maxSpanMs = 100 * 365 * 86_400_000;

function spanOf(name: string, ms: unknown): number {
  if (typeof ms === 'number' && ms >= 0 && ms <= maxSpanMs) return ms;
  throw badOption(`${name}: expected 0 to 100 years, in milliseconds`);
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}

function assertFine(name: string, problem: string | undefined): void {
  if (problem !== undefined) throw badOption(`${name}: ${problem}`);
}

function badOption(message: string): ReverseHttpError {
  return new ReverseHttpError('bad-option', message);
}
