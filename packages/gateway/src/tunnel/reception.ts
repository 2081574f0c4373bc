import { randomBytes } from 'node:crypto';
import { ReverseHttpError, type SessionCode, sessionCodes } from '@reverse-http/protocol/errors';
import { WindowPool } from '@reverse-http/protocol/mux';
import { MessageKind, type Slab } from '@reverse-http/protocol/pipe';
import {
  encodePollAnswer,
  PollAcceptor,
  type PollRequest,
  type PollResponder,
  transportOver,
} from '@reverse-http/protocol/poll';
import {
  type Clock,
  encodeControl,
  features,
  type Goodbye,
  type Hello,
  protocolVersions,
  Session,
  type Transport,
  type Welcome,
} from '@reverse-http/protocol/session';
import { type Authenticate, allowsTarget, type Grant, subjectOf } from '../credentials/grant.js';
import type { Member } from '../targets/member.js';
import type { Registry } from '../targets/registry.js';

/** Settings of a {@link Reception}. */
export interface ReceptionOptions {
  readonly registry: Registry;
  readonly authenticate: Authenticate;
  /** Hears what {@link authenticate} or {@link urlsOf} threw. */
  readonly onError: (error: unknown) => void;
  /** Public URLs of a target, the preferred one first; empty when no route reaches it. */
  readonly urlsOf: (target: string) => readonly string[];
  readonly isTargetId: (text: string) => boolean;
  readonly clock: Clock;
  readonly defer: (fn: () => void) => void;
  readonly slab: Slab;
  /** Fresh for each start of a gateway: sessions of an earlier one are known to be gone. */
  readonly nodeId: string;
  /** Silence before a sign of life is asked for, ms: what connectors get that wish nothing else. Default 15,000. */
  readonly keepAliveMs?: number;
  /** The longest silence a connector may wish, ms. Default 30 minutes. */
  readonly maxKeepAliveMs?: number;
  /** How long a session outlives its last transport, ms. Default 30,000. */
  readonly resumeMs?: number;
  /** Sessions at a time. Default 100,000. */
  readonly maxSessions?: number;
  /** What receive windows of all sessions may grow by, bytes. Default 256 MiB. */
  readonly windowBytes?: number;
  /** What all sessions may hold out of order, bytes; more is dropped, and sent again. Default 256 MiB. */
  readonly reorderBytes?: number;
  /** Exchanges of all sessions at a time. Default 65,536. */
  readonly maxExchanges?: number;
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

/** Decides about hellos, whatever transport they come by, and keeps the sessions. */
export interface Reception {
  receive(hello: Hello): Promise<Admission | Goodbye>;
  /** Whether a session of this id is there. */
  knows(session: string): boolean;
  /** Takes a request of long polling; its responder is called now or later. */
  carry(request: PollRequest, responder: PollResponder): void;
  /** Lets no new connector in; resolves when no exchange is running any more. */
  drain(): Promise<void>;
  /** Ends all sessions. */
  close(code: SessionCode): void;
}

/** A session with what is needed to resume it. */
interface Place {
  readonly member: Member;
  readonly session: Session;
  readonly subject: string;
  attach: number;
  welcome: Welcome;
  offset: number;
  proven: boolean;
  /** The last transport by long polling, and the hello that it came with. */
  poll: { readonly attach: number; readonly acceptor: PollAcceptor } | undefined;
  expiry: NodeJS.Timeout | undefined;
}

/** Sessions that ended lately: a connector that polls is told why, and not only that it is gone. */
const maxEnded = 1000;

/** Makes a {@link Reception}. */
export function createReception(options: ReceptionOptions): Reception {
  const { registry, clock, nodeId, keepAliveMs = 15_000, resumeMs = 30_000, maxSessions = 100_000 } = options;
  const maxKeepAliveMs = options.maxKeepAliveMs ?? 30 * 60_000;
  const windows = new WindowPool(options.windowBytes ?? 256 * 1024 * 1024);
  const reorderBudget = new WindowPool(options.reorderBytes ?? 256 * 1024 * 1024);
  const streamPool = new WindowPool(options.maxExchanges ?? 65_536);
  const places = new Map<string, Place>();
  const bySession = new Map<string, Place>();
  const ended = new Map<string, Goodbye>();
  let draining = false;
  let drained: Promise<void> | undefined;
  let onDrained: (() => void) | undefined;

  async function receive(hello: Hello): Promise<Admission | Goodbye> {
    try {
      return await decide(hello);
    } catch (error) {
      if (isRefusal(error)) return refusal(error.code, error.message);
      options.onError(error); // The credential check, or a route, is the user's.
      return refusal('overloaded', 'The gateway failed to decide.');
    }
  }

  async function decide(hello: Hello): Promise<Admission | Goodbye> {
    if (!hello.versions.some((version) => protocolVersions.includes(version))) return refusal('version');
    const grant = await options.authenticate(hello);
    if (!grant) return refusal('unauthorized');
    if (grant.expiresAt !== undefined && grant.expiresAt <= Date.now()) return refusal('revoked');
    const place = places.get(hello.key);
    if (place) return again(place, hello, grant);
    if (draining) return refusal('draining');
    if (hello.resume) return refusal('gone');
    return refuseTargets(hello, grant) ?? admit(hello, grant);
  }

  /** The same connector once more: a repeated hello, or a new transport for its session. */
  function again(place: Place, hello: Hello, grant: Grant): Admission | Goodbye {
    if (place.subject !== subjectOf(grant)) return refusal('unauthorized');
    if (hello.attach < place.attach) return refusal('stale');
    if (hello.attach > place.attach) {
      const offset = hello.resume?.offset ?? 0;
      if (hello.resume && hello.resume.session !== place.session.id) return refusal('gone');
      if (!place.session.canResume(offset)) return refusal('gone');
      place.attach = hello.attach;
      place.offset = offset;
      place.welcome = { ...place.welcome, offset: place.session.receivedOffset };
    }
    return admission(place);
  }

  function refuseTargets(hello: Hello, grant: Grant): Goodbye | undefined {
    const names = new Set(hello.targets.map(({ target }) => target.toLowerCase()));
    if (names.size === 0) return refusal('bad-target', 'The hello names no target.');
    if (names.size < hello.targets.length) return refusal('bad-target', 'The hello names a target twice.');
    for (const { target, replica } of hello.targets) {
      if (!options.isTargetId(target)) return refusal('bad-target', `"${target}" is not a target id.`);
      if (!allowsTarget(grant, target)) return refusal('unauthorized', `The token is not good for target "${target}".`);
      if (options.urlsOf(target).length === 0)
        return refusal('not-addressable', `No route of this gateway reaches "${target}".`);
      if (hello.standby && isTaken(target, replica, hello.key)) return refusal('standby');
    }
    if (places.size >= maxSessions) return refusal('overloaded');
    return undefined;
  }

  function isTaken(target: string, replica: string, key: string): boolean {
    const members = registry.find(target)?.members ?? [];
    return members.some((member) => member.key !== key && member.targets.some((its) => its.replica === replica));
  }

  function admit(hello: Hello, grant: Grant): Admission {
    const keepAlive = Math.min(Math.max(hello.keepAliveMs ?? keepAliveMs, 1000), maxKeepAliveMs);
    const session = new Session({
      id: `${nodeId}.${randomBytes(16).toString('hex')}`,
      opener: true,
      dials: false,
      clock,
      defer: options.defer,
      random: Math.random,
      slab: options.slab,
      keepAliveMs: keepAlive,
      resumeMs,
      windows: new WindowPool(undefined, windows),
      reorderBudget,
      streamPool,
      ...(hello.maxUnackedBytes === undefined ? {} : { peerMaxUnackedBytes: hello.maxUnackedBytes }),
      onIdle,
      onStateChanged: (state) => {
        if (state.state === 'attached' && state.peer === 'heard') registry.announce(place.member);
        else if (state.state === 'closed') leave(place, state.reason);
      },
    });
    const { key, agent, targets, labels = {} } = hello;
    for (const { target } of targets) registry.expect(target);
    const welcome: Welcome = {
      version: 1,
      session: session.id,
      offset: 0,
      keepAliveMs: keepAlive,
      resumeMs,
      maxStreams: 1024,
      features: hello.features.filter((name) => name === features.zeroMask),
      urls: Object.fromEntries(targets.map(({ target }) => [target, options.urlsOf(target)])),
      notices: [],
    };
    const member: Member = { session, targets, key, agent, labels, connectedAt: Date.now() };
    const place: Place = {
      member,
      session,
      subject: subjectOf(grant),
      attach: hello.attach,
      welcome,
      offset: 0,
      proven: false,
      poll: undefined,
      expiry: undefined,
    };
    places.set(key, place);
    bySession.set(session.id, place);
    if (grant.expiresAt !== undefined) armExpiry(place, grant.expiresAt);
    return admission(place);
  }

  function admission(place: Place): Admission {
    const { welcome, attach, offset } = place;
    return {
      welcome,
      prove(transport) {
        if (place.attach !== attach) throw new ReverseHttpError('stale', 'a newer transport was welcomed');
        place.session.attach(transport, offset);
        if (place.proven) return;
        place.proven = true;
        for (const replaced of registry.add(place.member)) replaced.session.close('replaced');
      },
    };
  }

  function leave(place: Place, reason: Goodbye): void {
    clearTimeout(place.expiry);
    places.delete(place.member.key);
    bySession.delete(place.session.id);
    registry.remove(place.member);
    onIdle();
    ended.set(place.session.id, reason);
    if (ended.size > maxEnded) ended.delete(ended.keys().next().value!);
  }

  function carry(request: PollRequest, responder: PollResponder): void {
    const place = bySession.get(request.session);
    const number = request.poll?.number ?? 0;
    if (!place) {
      const goodbye = encodeControl(MessageKind.Close, ended.get(request.session) ?? refusal('gone'));
      return responder.answer(encodePollAnswer({ counts: true, number, messages: [goodbye] }));
    }
    const acceptor = acceptorOf(place, request.attach);
    if (!acceptor) return responder.answer(encodePollAnswer(transportOver));
    try {
      acceptor.receive(request, responder);
    } catch (error) {
      if (!(error instanceof ReverseHttpError) || error.code !== 'protocol-error') throw error;
      place.session.close('protocol-error', error.message);
      responder.answer(encodePollAnswer(transportOver));
    }
  }

  /** The transport that a request belongs to; undefined for one that another transport has replaced. */
  function acceptorOf(place: Place, attach: number): PollAcceptor | undefined {
    if (place.poll?.attach === attach) return place.poll.acceptor;
    if (attach !== place.attach) return undefined;
    const acceptor = new PollAcceptor({ clock, roundTripMs: () => place.session.roundTripMs });
    place.poll = { attach, acceptor };
    admission(place).prove(acceptor);
    return acceptor;
  }

  function isIdle(): boolean {
    for (const { session } of places.values()) if (session.mux.size > 0) return false;
    return true;
  }

  function onIdle(): void {
    if (onDrained && isIdle()) onDrained();
  }

  function drain(): Promise<void> {
    draining = true;
    drained ??= new Promise((resolve) => {
      onDrained = resolve;
    });
    onIdle();
    return drained;
  }

  return {
    receive,
    knows: (session) => bySession.has(session),
    carry,
    drain,
    close(code) {
      draining = true;
      for (const { session } of [...places.values()]) session.close(code);
    },
  };
}

/** What a credential check throws to say why it refuses. */
function isRefusal(error: unknown): error is ReverseHttpError & { readonly code: 'unauthorized' | 'revoked' } {
  return error instanceof ReverseHttpError && (error.code === 'unauthorized' || error.code === 'revoked');
}

function refusal(code: SessionCode, message: string = sessionCodes[code].message): Goodbye {
  return { code, message };
}

/** Ends the session when its credential expires. */
function armExpiry(place: Place, expiresAt: number): void {
  const left = expiresAt - Date.now();
  if (left <= 0) return place.session.close('revoked');
  // Timers hold 2^31 ms at most: what is further away is looked at again.
  place.expiry = setTimeout(() => armExpiry(place, expiresAt), Math.min(left, 2 ** 31 - 1)).unref();
}
