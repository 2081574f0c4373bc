import { ReverseHttpError, type SessionCode } from '@reverse-http/protocol/errors';
import type { PollRequest, PollResponder } from '@reverse-http/protocol/poll';
import type { Goodbye, Hello, Session, SessionState, Transport, Welcome } from '@reverse-http/protocol/session';
import { allowsTarget, type Grant, ownerOf } from '../credentials/grant.js';
import type { EventFeed } from '../targets/event-feed.js';
import type { Member } from '../targets/member.js';
import type { Registry } from '../targets/registry.js';
import type { GatewayEvent } from '../targets/status.js';
import { BanList } from './ban-list.js';
import { createDrain, type Drain } from './drain.js';
import { goodbyeOf, HelloCheck, type HelloCheckOptions } from './hello-check.js';
import { armExpiry, type Place } from './place.js';
import { PlaceTable } from './place-table.js';
import { createPollCarriage } from './poll-carriage.js';
import { createSessionFactory, type SessionFactory, type SessionFactoryOptions } from './session-factory.js';
import { succeed } from './succession.js';

/** Settings of a {@link Reception}. */
export interface ReceptionOptions extends SessionFactoryOptions, HelloCheckOptions {
  readonly registry: Registry;
  readonly events: EventFeed;
  /** Hears what {@link HelloCheckOptions.authenticate} or {@link HelloCheckOptions.addresses} threw. */
  readonly onError: (error: unknown) => void;
}

/** A hello that was accepted. */
export interface Admission {
  readonly welcome: Welcome;
  /**
   * The connector's first message after the welcome has come by this transport: it carries the session from now on, and
   * whoever held the place before is sent away.
   */
  readonly prove: (transport: Transport) => void;
}

/** Whom to send away: all who serve a target, or one session. */
export type KickedParty = string | { readonly session: string };

/** Decides about hellos, whatever transport they come by, and keeps the sessions. */
export interface Reception {
  /** @param peer Address that the hello came from. */
  receive(hello: Hello, peer: string): Promise<Admission | Goodbye>;
  /** Whether a session of this id is there. */
  knows(session: string): boolean;
  /** Takes a request of long polling; its responder is called now or later. */
  carry(request: PollRequest, responder: PollResponder): void;
  /** A session that has carried something, by its id. */
  find(session: string): Member | undefined;
  /** All sessions that have carried something. */
  members(): Iterable<Member>;
  /** Those who own a session. */
  readonly owners: Iterable<string>;
  /** Ends sessions, and lets nobody in for them for a while; returns how many were ended. */
  kick(party: KickedParty, forMs: number): number;
  /** The sessions of a credential end: it is good no more. */
  revoke(credential: string): void;
  /** Gives nothing new to a target's connectors; ends their sessions when nothing runs on them, or after `graceMs`. */
  drainTarget(target: string, graceMs: number): Promise<void>;
  /** Lets no new connector in; resolves when no exchange is running any more. */
  drain(): Promise<void>;
  /** Ends all sessions. */
  close(code: SessionCode): void;
}

/** Makes a {@link Reception}. */
export function createReception(options: ReceptionOptions): Reception {
  return new SessionReception(options);
}

class SessionReception implements Reception {
  readonly carry: Reception['carry'];
  readonly #options: ReceptionOptions;
  readonly #places = new PlaceTable();
  readonly #bans: BanList;
  readonly #check: HelloCheck;
  readonly #sessions: SessionFactory;
  readonly #drain: Drain;
  #draining = false;
  #generation = 0;

  constructor(options: ReceptionOptions) {
    const { clock, registry } = options;
    this.#options = options;
    this.#bans = new BanList(() => clock.now());
    this.#check = new HelloCheck(options, registry, this.#places, this.#bans);
    this.#sessions = createSessionFactory(options);
    this.#drain = createDrain(this.#places, clock);
    this.carry = createPollCarriage({
      places: this.#places,
      clock,
      prove: (place, attach, transport) => this.#prove(place, attach, transport),
    });
  }

  get owners(): Iterable<string> {
    return this.#places.owners;
  }

  async receive(hello: Hello, peer: string): Promise<Admission | Goodbye> {
    let decided: Admission | Goodbye;
    try {
      decided = await this.#decide(hello, peer);
    } catch (error) {
      this.#options.onError(error); // The credential check, or a route, is the user's.
      decided = goodbyeOf('overloaded', 'The gateway failed to decide.');
    }
    if ('code' in decided) {
      const { code, message } = decided;
      const targets = hello.targets.map(({ target }) => target);
      this.#options.events.emit({ event: 'refused', targets, peer, code, message });
    }
    return decided;
  }

  knows(session: string): boolean {
    return this.#places.ofSession(session) !== undefined;
  }

  find(session: string): Member | undefined {
    const place = this.#places.ofSession(session);
    return place?.proven ? place.member : undefined;
  }

  *members(): Generator<Member> {
    for (const { member, proven } of this.#places) if (proven) yield member;
  }

  kick(party: KickedParty, forMs: number): number {
    const kicked = [...this.#places].filter(({ member, session }) =>
      typeof party === 'string' ? serves(member, party) : session.id === party.session,
    );
    // A target may be away at the moment, and is kept away all the same.
    if (typeof party === 'string') this.#bans.add(party, undefined, forMs);
    for (const { member, session } of kicked) {
      if (typeof party !== 'string') {
        for (const { target, replica } of member.targets) this.#bans.add(target, replica, forMs);
      }
      session.close('kicked');
    }
    return kicked.length;
  }

  revoke(credential: string): void {
    const revoked = [...this.#places].filter(({ member }) => member.credential === credential);
    for (const { session } of revoked) session.close('revoked');
  }

  drainTarget(target: string, graceMs: number): Promise<void> {
    const leaving = [...this.#places].filter(({ member }) => serves(member, target));
    for (const { member } of leaving) this.#options.events.emit({ event: 'draining', ...described(member) });
    return this.#drain.drain(leaving, graceMs);
  }

  drain(): Promise<void> {
    if (!this.#draining) this.#options.events.emit({ event: 'draining' });
    this.#draining = true;
    return this.#drain.idle();
  }

  close(code: SessionCode): void {
    this.#draining = true;
    for (const { session } of [...this.#places]) session.close(code);
  }

  async #decide(hello: Hello, peer: string): Promise<Admission | Goodbye> {
    const verdict = await this.#check.credential(hello);
    if (verdict.state === 'refused') return verdict.goodbye;
    const { grant } = verdict;
    const early = this.#again(hello, grant, peer) ?? this.#closedTo(hello);
    if (early && 'code' in early && early.code === 'gone') this.#check.excuse();
    if (early) return early;
    const fault = await this.#check.newcomer(hello, grant);
    if (fault) return fault;
    // The same hello may have come once more while an incumbent was asked.
    return this.#again(hello, grant, peer) ?? this.#closedTo(hello) ?? this.#admit(hello, grant, peer);
  }

  #closedTo(hello: Hello): Goodbye | undefined {
    if (this.#draining) return goodbyeOf('draining');
    return hello.resume ? goodbyeOf('gone') : undefined;
  }

  /** The same connector once more: a repeated hello, or a new transport for its session. */
  #again(hello: Hello, grant: Grant, peer: string): Admission | Goodbye | undefined {
    const place = this.#places.ofKey(hello.key);
    if (!place) return undefined;
    const { member, session } = place;
    const mayServe = member.targets.every(({ target }) => allowsTarget(grant, target));
    if (member.owner !== ownerOf(grant) || !mayServe) return goodbyeOf('unauthorized');
    if (hello.attach < place.attach) return goodbyeOf('stale');
    if (hello.attach > place.attach) {
      const offset = hello.resume?.offset ?? 0;
      if (hello.resume && hello.resume.session !== session.id) return goodbyeOf('gone');
      if (!session.canResume(offset)) return goodbyeOf('gone');
      place.attach = hello.attach;
      place.offset = offset;
      place.welcome = { ...place.welcome, offset: session.receivedOffset };
      this.#places.renew(place, grant);
      armExpiry(place, this.#options);
      member.peer = peer;
    }
    return this.#admission(place);
  }

  #admit(hello: Hello, grant: Grant, peer: string): Admission {
    const { addresses, clock, registry } = this.#options;
    const session = this.#sessions.create(hello, {
      onIdle: () => this.#drain.onIdle(place),
      onStateChanged: (state) => this.#onStateChanged(place, state),
    });
    for (const { target } of hello.targets) registry.expect(target);
    const place: Place = {
      member: memberOf(hello, session, {
        generation: ++this.#generation,
        grant,
        peer,
        connectedAt: this.#options.epochMs(),
      }),
      session,
      grant,
      admittedAt: clock.now(),
      standby: hello.standby === true,
      attach: hello.attach,
      welcome: this.#sessions.welcome(hello, session, (target) =>
        addresses.urlsOf(registry.find(target)?.id ?? target),
      ),
      offset: 0,
      proven: false,
      carrier: undefined,
      poll: undefined,
      expiry: undefined,
      onIdle: undefined,
    };
    this.#places.add(place);
    armExpiry(place, this.#options);
    return this.#admission(place);
  }

  #admission(place: Place): Admission {
    const { welcome, attach } = place;
    return { welcome, prove: (transport) => this.#prove(place, attach, transport) };
  }

  #prove(place: Place, attach: number, transport: Transport): void {
    if (place.attach !== attach) throw new ReverseHttpError('stale', 'a newer transport was welcomed');
    const { member, session } = place;
    session.attach(transport, place.offset);
    if (place.proven) return;
    const { registry, events } = this.#options;
    const succession = succeed(place, registry.find);
    if (succession.state === 'yields') return session.close(succession.code);
    place.proven = true;
    events.emit({ event: 'connected', ...described(member) });
    registry.add(member);
    for (const replaced of succession.from) replaced.session.close('replaced');
  }

  #onStateChanged(place: Place, state: SessionState): void {
    const { member, proven } = place;
    if (state.state === 'closed') return this.#leave(place, state.reason);
    const before = place.carrier;
    const isNews = state.state === 'detached' || before !== state.transport;
    place.carrier = state.state === 'attached' ? state.transport : undefined;
    if (state.state === 'attached') member.transport = state.transport.name;
    if (!proven) return;
    const event = state.state === 'detached' ? 'detached' : isMove(before, state.transport) ? 'moved' : 'resumed';
    if (isNews && event === 'resumed') member.resumes++;
    if (isNews) this.#options.events.emit({ event, ...described(member) });
    if (state.state === 'attached' && state.peer === 'heard') this.#options.registry.announce(member);
    else place.session.mux.stall();
  }

  #leave(place: Place, reason: Goodbye): void {
    const { member, proven } = place;
    const { registry, events } = this.#options;
    place.expiry?.cancel();
    this.#places.remove(place, reason);
    registry.remove(member);
    this.#drain.onIdle(place);
    const { code, message } = reason;
    const told = { ...described(member), code, message };
    if (!proven) return events.emit({ event: 'refused', ...told });
    if (code === 'replaced' || code === 'kicked') events.emit({ event: code, ...told });
    events.emit({ event: 'disconnected', ...told });
  }
}

function serves({ targets }: Member, id: string): boolean {
  return targets.some(({ target }) => target.toLowerCase() === id.toLowerCase());
}

/** What events say of a session. */
function described(member: Member): Omit<GatewayEvent, 'time' | 'event'> {
  const { session, targets, transport, peer, credential } = member;
  const replica = targets[0]?.replica;
  return {
    session: session.id,
    targets: targets.map(({ target }) => target),
    ...(replica === undefined ? {} : { replica }),
    transport,
    peer,
    credential,
  };
}

function memberOf(
  { targets, key, agent, labels = {} }: Hello,
  session: Session,
  {
    generation,
    grant,
    peer,
    connectedAt,
  }: Pick<Member, 'generation' | 'peer' | 'connectedAt'> & { readonly grant: Grant },
): Member {
  return {
    session,
    targets,
    key,
    generation,
    agent,
    labels,
    connectedAt,
    credential: grant.id ?? '',
    owner: ownerOf(grant),
    peer,
    transport: 'websocket',
    requests: 0,
    resumes: 0,
    leaving: false,
  };
}

/** Whether a session went to a better transport beside the one that it had. The same kind again means that the link broke. */
function isMove(from: Transport | undefined, to: Transport): boolean {
  return from !== undefined && from.name !== to.name;
}
