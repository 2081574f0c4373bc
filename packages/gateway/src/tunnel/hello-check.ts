import { isSessionCode, ReverseHttpError, type SessionCode, sessionCodes } from '@reverse-http/protocol/errors';
import { type Clock, type Goodbye, type Hello, isTargetId, protocolVersions } from '@reverse-http/protocol/session';
import { type Authenticate, allowsTarget, type Grant, ownerOf } from '../credentials/grant.js';
import { bucketOf, type TokenBucket } from '../policy/token-bucket.js';
import { isReplica, type Member } from '../targets/member.js';
import type { Registry } from '../targets/registry.js';
import type { BanList } from './ban-list.js';
import { isAnswering } from './is-answering.js';
import type { PlaceTable } from './place-table.js';

/** What targets are reached by. */
export interface Addresses {
  /** Public URLs of a target, the preferred one first; empty when no route reaches it. */
  urlsOf(target: string): readonly string[];
  /** The routes that there are, as configuration has them. */
  readonly routes: string;
  /** The route by which a target shares an origin that is for one owner alone; undefined where there is none. */
  sharedRouteOf(target: string): string | undefined;
}

/** What a {@link HelloCheck} needs. Looked up at each hello: the limits may change. */
export interface HelloCheckOptions {
  readonly authenticate: Authenticate;
  readonly addresses: Addresses;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  epochMs(): number;
  /** Sessions at a time; beyond them `overloaded`. Default 100,000. */
  readonly maxSessions?: number;
  /** Sessions of one credential at a time; beyond them `overloaded`. Default 10,000. */
  readonly maxSessionsPerToken?: number;
  /** Hellos answered a second, in bursts of as many; beyond them `overloaded`. Default 500. */
  readonly maxHellosPerSecond?: number;
}

/** Whom a hello refuses is told so; else what it may do. */
export type Verdict = { readonly state: 'good'; readonly grant: Grant } | RefusedHello;

/** A hello that is not let in. */
export interface RefusedHello {
  readonly state: 'refused';
  readonly goodbye: Goodbye;
}

/** Decides which hellos are let in. */
export class HelloCheck {
  readonly #options: HelloCheckOptions;
  readonly #registry: Registry;
  readonly #places: PlaceTable;
  readonly #bans: BanList;
  #bucket: TokenBucket | undefined;

  constructor(options: HelloCheckOptions, registry: Registry, places: PlaceTable, bans: BanList) {
    this.#options = options;
    this.#registry = registry;
    this.#places = places;
    this.#bans = bans;
  }

  /** Whether the credential is good. */
  async credential(hello: Hello): Promise<Verdict> {
    if (!this.#takesOne()) {
      return refused({ ...goodbyeOf('overloaded', 'Too many connectors come at once.'), retryAfterMs: 1000 });
    }
    if (!hello.versions.some((version) => protocolVersions.includes(version))) return refused(goodbyeOf('version'));
    const grant = await this.#grantOf(hello);
    if (!grant) return refused(goodbyeOf('unauthorized'));
    if ('code' in grant) return refused(grant);
    if (grant.expiresAt !== undefined && grant.expiresAt <= this.#options.epochMs())
      return refused(goodbyeOf('revoked'));
    return { state: 'good', grant };
  }

  /** The hello learned only that its session is gone: it counts together with the next one, which comes at once. */
  excuse(): void {
    this.#bucket?.giveBack();
  }

  #takesOne(): boolean {
    const { maxHellosPerSecond = 500, clock } = this.#options;
    const now = clock.now();
    this.#bucket = bucketOf(maxHellosPerSecond, now, this.#bucket);
    return this.#bucket?.take(now) ?? true;
  }

  /** What the credential allows; a check may also throw why it is refused, in words for the connector's user. */
  async #grantOf(hello: Hello): Promise<Grant | Goodbye | undefined> {
    try {
      return await this.#options.authenticate(hello);
    } catch (error) {
      if (error instanceof ReverseHttpError && isSessionCode(error.code)) return goodbyeOf(error.code, error.message);
      throw error;
    }
  }

  /** Why a new session may not have its targets; undefined when it may. Asks incumbents of exclusive targets. */
  async newcomer(hello: Hello, grant: Grant): Promise<Goodbye | undefined> {
    const fault = this.#namesFault(hello) ?? this.#targetsFault(hello, grant) ?? this.#roomFault(grant);
    if (fault) return fault;
    const rivals = this.#exclusiveRivals(hello);
    if (rivals.length === 0) return undefined;
    const answers = await Promise.all(rivals.map(({ session }) => isAnswering(session, this.#options.clock)));
    if (answers.includes(true)) return goodbyeOf('target-taken');
    // Others may have come meanwhile.
    return this.#targetsFault(hello, grant) ?? this.#roomFault(grant);
  }

  #namesFault({ targets }: Hello): Goodbye | undefined {
    const names = new Set(targets.map(({ target }) => target.toLowerCase()));
    if (names.size === 0) return goodbyeOf('bad-target', 'The hello names no target.');
    if (names.size < targets.length) return goodbyeOf('bad-target', 'The hello names a target twice.');
    const bad = targets.find(({ target }) => !isTargetId(target));
    return bad && goodbyeOf('bad-target', `"${bad.target}" is not a target id.`);
  }

  #targetsFault(hello: Hello, grant: Grant): Goodbye | undefined {
    for (const { target, replica } of hello.targets) {
      const fault =
        this.#permissionFault(target, replica, grant) ??
        this.#addressFault(target, ownerOf(grant)) ??
        (hello.standby && this.#isTaken(target, replica, hello.key) ? goodbyeOf('standby') : undefined);
      if (fault) return fault;
    }
    return undefined;
  }

  #permissionFault(target: string, replica: string, grant: Grant): Goodbye | undefined {
    if (!allowsTarget(grant, target)) {
      return goodbyeOf('unauthorized', `The token is not good for target "${target}".`);
    }
    const banned = this.#bans.left(target, replica);
    return banned > 0 ? { ...goodbyeOf('kicked'), retryAfterMs: banned } : undefined;
  }

  #addressFault(target: string, owner: string): Goodbye | undefined {
    const { addresses } = this.#options;
    if (addresses.urlsOf(target).length === 0) {
      return goodbyeOf('not-addressable', `No route of this gateway reaches "${target}": it has ${addresses.routes}.`);
    }
    const shared = addresses.sharedRouteOf(target);
    if (shared === undefined) return undefined;
    for (const other of this.#places.owners) {
      if (other === owner) continue;
      return goodbyeOf(
        'not-addressable',
        `"${target}" would share the origin of route ${shared} with targets of another owner: ` +
          'the gateway needs host routes alone, or sharedOrigin: trusted.',
      );
    }
    return undefined;
  }

  #roomFault({ id }: Grant): Goodbye | undefined {
    const { maxSessions = 100_000, maxSessionsPerToken = 10_000 } = this.#options;
    if (this.#places.size >= maxSessions) return goodbyeOf('overloaded');
    if (id !== undefined && this.#places.countOf(id) >= maxSessionsPerToken) {
      return goodbyeOf('overloaded', `The token has ${maxSessionsPerToken} sessions already.`);
    }
    return undefined;
  }

  #isTaken(target: string, replica: string, key: string): boolean {
    const found = this.#registry.find(target);
    if (!found) return false;
    const isExclusive = found.policy.replicas === 'exclusive';
    return found.members.some((member) => member.key !== key && (isExclusive || isReplica(member, target, replica)));
  }

  #exclusiveRivals({ targets, key }: Hello): readonly Member[] {
    return targets.flatMap(({ target, replica }) => {
      const found = this.#registry.find(target);
      if (found?.policy.replicas !== 'exclusive') return [];
      return found.members.filter((member) => member.key !== key && !isReplica(member, target, replica));
    });
  }
}

/** A refusal in the usual words, or in others. */
export function goodbyeOf(code: SessionCode, message: string = sessionCodes[code].message): Goodbye {
  return { code, message };
}

function refused(goodbye: Goodbye): RefusedHello {
  return { state: 'refused', goodbye };
}
