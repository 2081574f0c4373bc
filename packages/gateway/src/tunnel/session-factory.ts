import { randomBytes } from 'node:crypto';
import { WindowPool } from '@reverse-http/protocol/mux';
import type { Slab } from '@reverse-http/protocol/pipe';
import {
  type Clock,
  features,
  type Hello,
  Session,
  type SessionState,
  type Welcome,
} from '@reverse-http/protocol/session';
import { welcomeUrls } from './welcome-urls.js';

/** What the sessions of a gateway have in common. The times of the keep-alive may change: they hold for new sessions. */
export interface SessionFactoryOptions {
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
  /** What receive windows of all sessions may grow by, bytes. Default 256 MiB. */
  readonly windowBytes?: number;
  /** What all sessions may hold out of order, bytes; more is dropped, and sent again. Default 256 MiB. */
  readonly reorderBytes?: number;
  /** Exchanges of all sessions at a time. Default 65,536. */
  readonly maxExchanges?: number;
}

/** What is heard of a session. */
export interface SessionListener {
  readonly onIdle: () => void;
  readonly onStateChanged: (state: SessionState) => void;
}

/** Makes the sessions of a gateway, which share its budgets. */
export interface SessionFactory {
  /** A session for a hello that was let in. */
  create(hello: Hello, listener: SessionListener): Session;
  /** What the connector is told about it. */
  welcome(hello: Hello, session: Session, urlsOf: (target: string) => readonly string[]): Welcome;
}

/** Makes a {@link SessionFactory}. */
export function createSessionFactory(options: SessionFactoryOptions): SessionFactory {
  const { clock, defer, slab, nodeId, resumeMs = 30_000 } = options;
  const windows = new WindowPool(options.windowBytes ?? 256 * 1024 * 1024);
  const reorderBudget = new WindowPool(options.reorderBytes ?? 256 * 1024 * 1024);
  const streamPool = new WindowPool(options.maxExchanges ?? 65_536);
  return {
    create: (hello, listener) =>
      new Session({
        id: `${nodeId}.${randomBytes(16).toString('hex')}`,
        opener: true,
        dials: false,
        clock,
        defer,
        random: Math.random,
        slab,
        keepAliveMs: keepAliveOf(hello, options),
        resumeMs,
        windows: new WindowPool(undefined, windows),
        reorderBudget,
        streamPool,
        ...(hello.maxUnackedBytes === undefined ? {} : { peerMaxUnackedBytes: hello.maxUnackedBytes }),
        ...listener,
      }),
    welcome: (hello, session, urlsOf) => ({
      version: 1,
      session: session.id,
      offset: 0,
      keepAliveMs: keepAliveOf(hello, options),
      resumeMs,
      maxStreams: 1024,
      features: hello.features.filter((name) => name === features.zeroMask),
      urls: welcomeUrls(hello.targets, urlsOf),
      notices: [],
    }),
  };
}

function keepAliveOf({ keepAliveMs }: Hello, options: SessionFactoryOptions): number {
  const most = options.maxKeepAliveMs ?? 30 * 60_000;
  return Math.min(Math.max(keepAliveMs ?? options.keepAliveMs ?? 15_000, 1000), most);
}
