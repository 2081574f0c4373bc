import type { Hello } from '@reverse-http/protocol/session';
import { TokenBucket } from '../policy/token-bucket.js';
import type { Grant } from './grant.js';
import { type LockFileOptions, withLockFile } from './lock-file.js';
import { type FileStamp, isMissing, readTokenFile, readTokenFileNow, realPathOf, stampOf } from './read-token-file.js';
import { isMistyped } from './token.js';
import {
  type Edited,
  entryOf,
  type NewToken,
  type NewTokenOptions,
  type TokenEntry,
  withNewToken,
  withRevoked,
  withRotated,
} from './token-edits.js';
import { formatTokenFile, type TokenRecord } from './token-file.js';
import { createTokenLedger } from './token-ledger.js';
import { writeAtomically } from './write-atomically.js';

/** Settings of {@link createTokenStore}. */
export interface TokenStoreOptions {
  /** The file; one that is not there is made with the first token. */
  readonly path: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** How often to look whether another process changed the file, and whether a token expired, ms. Default 500. */
  readonly pollMs?: number;
  /** Hears once of each broken state of the file, and of what {@link TokenStore.onRevoked} threw. Default: `console.error`. */
  readonly onError?: (error: unknown) => void;
  /** How long to wait for another process that writes the file. */
  readonly lock?: LockFileOptions;
}

/** Tokens in a file that several processes may change. Has the shape of the gateway's option `auth`. */
export interface TokenStore {
  /** All tokens, those revoked and expired too, oldest first; at most `pollMs` behind the file. */
  list(): readonly TokenEntry[];
  /** @throws ReverseHttpError `bad-option` for what cannot be a token, `timeout` when another process holds the file */
  create(options?: NewTokenOptions): Promise<NewToken>;
  /** From now on the token opens nothing, and its sessions end. False when there is no such token. */
  revoke(id: string): Promise<boolean>;
  /**
   * A new token for the same targets and owner, for as long as the old one was made for. The old one expires after
   * `overlapMs`, or earlier if it was to. Undefined when there is no such token.
   *
   * @throws ReverseHttpError `bad-option` for a token that opens nothing any more
   */
  rotate(id: string, overlapMs: number): Promise<NewToken | undefined>;
  /**
   * What a hello's token allows. A token that is not known may be a new one: the file is looked at before it is refused, a
   * few times a second at most.
   *
   * @throws ReverseHttpError `unauthorized` or `revoked`, with a sentence for the connector's user
   */
  authenticate(hello: Pick<Hello, 'token'>): Promise<Grant>;
  /** Hears of each token that is revoked, expires or leaves the file, whoever did it. Set by the gateway. */
  onRevoked: ((id: string) => void) | undefined;
  /** Looks at the file now; what is wrong with it goes to `onError`. */
  refresh(): Promise<void>;
  /** Stops looking at the file. */
  close(): void;
}

/** Looks at the file a second for tokens that are not known: strangers must not set its pace. */
const maxLooksPerSecond = 10;

/**
 * Opens a file of tokens. Only hashes are kept in it. A file that is broken later changes nothing: the last good content
 * stays in force, and `onError` hears.
 *
 * @throws ReverseHttpError `bad-option`, as `tokens.json:3:7: ...`, when the file is broken now
 * @example
 * const store = createTokenStore({ path: 'tokens.json' });
 * const { token } = await store.create({ targets: ['line-4-*'], expiresInMs: 90 * 86_400_000 });
 */
export function createTokenStore(options: TokenStoreOptions): TokenStore {
  const { now = Date.now, pollMs = 500, onError = (error: unknown) => console.error(error) } = options;
  const path = realPathOf(options.path);
  const ledger = createTokenLedger(now);
  const first = readTokenFileNow(path);
  /** The file's state that was read last, be it good or broken. */
  let seen: FileStamp = first.stamp;
  /** Counts the contents taken over: one that was read before another was written must not undo it. */
  let generation = 0;
  let writing: Promise<unknown> = Promise.resolve();
  let refreshing: Promise<void> | undefined;
  const looks = new TokenBucket(maxLooksPerSecond, now());

  function adopt(records: readonly TokenRecord[]): void {
    generation++;
    tellRevoked(ledger.update(records));
  }

  function tellRevoked(ids: readonly string[]): void {
    for (const id of ids) guard(() => store.onRevoked?.(id));
  }

  /** What a user's function throws must neither end the process nor keep the next from being told. */
  function guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      tell(error);
    }
  }

  function tell(problem: unknown): void {
    try {
      onError(problem);
    } catch {}
  }

  async function look(): Promise<void> {
    const began = generation;
    const stamp = await stampOf(path);
    if (stamp === seen) return;
    const records = await readTokenFile(path).catch((error: unknown) => ({ error }));
    if (began !== generation) return; // This process wrote meanwhile; the next look finds what is there now.
    seen = stamp;
    if ('error' in records) tell(records.error);
    else adopt(records);
  }

  function refresh(): Promise<void> {
    refreshing ??= look().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function authenticate({ token }: Pick<Hello, 'token'>): Promise<Grant> {
    const mayBeNew = token !== undefined && !ledger.knows(token) && !isMistyped(token);
    if (mayBeNew && looks.take(now())) {
      await refreshing; // It may have begun before the token was written.
      await refresh();
    }
    return ledger.grantFor(token);
  }

  /** Changes the file as it is now, not as this process last saw it; one that is broken is left alone. */
  function change<T>(edit: (records: readonly TokenRecord[]) => Edited<T>): Promise<T> {
    const write = async (assertHeld: () => Promise<void>): Promise<T> => {
      const before = await readTokenFile(path).catch((error: unknown) => {
        if (isMissing(error)) return ledger.records;
        throw error;
      });
      const { records, result } = edit(before);
      if (records !== before) await writeAtomically(path, formatTokenFile(records), assertHeld);
      adopt(records);
      return result;
    };
    const done = writing.then(() => withLockFile(`${path}.lock`, write, options.lock));
    writing = done.catch(() => {});
    return done;
  }

  const store: TokenStore = {
    onRevoked: undefined,
    list: () => ledger.records.map(entryOf),
    create: (wanted = {}) => change((records) => withNewToken(records, wanted, now())),
    revoke: (id) => change((records) => withRevoked(records, id, now())),
    rotate: (id, overlapMs) => change((records) => withRotated(records, id, overlapMs, now())),
    authenticate,
    refresh,
    close: () => clearInterval(timer),
  };
  adopt(first.records);
  const timer = setInterval(() => {
    tellRevoked(ledger.expire());
    void refresh();
  }, pollMs).unref();
  return store;
}
