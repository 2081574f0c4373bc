import { ReverseHttpError } from '@reverse-http/protocol/errors';
import {
  createMemoryLink,
  decodeHello,
  encodeControl,
  type Goodbye,
  type Hello,
  Session,
  type Transport,
  type Welcome,
} from '@reverse-http/protocol/session';
import type { DialHandler, Dialler } from '../../src/link/dialler.js';
import type { ManualRuntime } from './manual-runtime.js';

/** One dial of a link under test: a test answers it. */
export interface FakeDial {
  readonly gateway: string;
  readonly at: number;
  /** What the connector said, once {@link FakeDial.open} was called. */
  hello: Hello;
  fail(code?: 'unreachable' | 'not-a-gateway'): void;
  /** The transport opens; the hello is read. */
  open(): this;
  /** Sends bytes as they are. */
  say(bytes: Uint8Array): void;
  /** Welcomes to a new session, or to `session`. */
  welcome(session?: Session, welcome?: Partial<Welcome>): Session;
  refuse(goodbye: Goodbye): void;
  cut(): void;
  hungUp: boolean;
}

export interface FakeDialler extends Dialler {
  readonly dials: FakeDial[];
  readonly last: FakeDial;
}

/** Dials nobody: each dial waits for the test's answer. */
export function createFakeDialler(runtime: ManualRuntime): FakeDialler {
  const dials: FakeDial[] = [];
  return {
    name: 'memory',
    dials,
    get last() {
      return dials.at(-1)!;
    },
    featuresFor: () => [],
    dial(gateway, handler) {
      const dial = createDial(runtime, gateway, handler, dials);
      dials.push(dial);
      return () => {
        dial.hungUp = true;
      };
    },
  };
}

function createDial(runtime: ManualRuntime, gateway: string, handler: DialHandler, dials: FakeDial[]): FakeDial {
  const link = createMemoryLink({ defer: runtime.defer });
  const far: Transport = link.a;
  const dial: FakeDial = {
    gateway,
    at: runtime.clock.now(),
    hello: undefined as unknown as Hello,
    hungUp: false,
    fail: (code = 'unreachable') => handler.onFailed(new ReverseHttpError(code, `${gateway} ${code}`)),
    open() {
      far.handler = {
        onMessage: (bytes) => Object.assign(dial, { hello: decodeHello(bytes) }),
        onWritable() {},
        onClosed() {},
      };
      handler.onOpened(Object.assign(link.b, { onAgreed() {} }));
      runtime.flush();
      return dial;
    },
    say(bytes) {
      far.send(bytes);
      runtime.flush();
    },
    welcome(known, welcome = {}) {
      const id = known?.id ?? `fake.${dials.length}`;
      const session = known ?? createSession(runtime, id);
      const answer = { version: 1, session: id, offset: session.receivedOffset, keepAliveMs: 15_000, resumeMs: 30_000 };
      const rest = { maxStreams: 16, features: [], urls: { a: ['http://gw/gw/A'] }, notices: [] };
      far.send(encodeControl(2, { ...answer, ...rest, ...welcome }));
      session.attach(far, known ? (dial.hello.resume?.offset ?? 0) : 0);
      runtime.flush();
      return session;
    },
    refuse(goodbye) {
      dial.say(encodeControl(3, goodbye));
    },
    cut() {
      link.cut();
      runtime.flush();
    },
  };
  return dial;
}

function createSession(runtime: ManualRuntime, id: string): Session {
  const { clock, random, defer, slab } = runtime;
  return new Session({ id, opener: true, clock, random, defer, slab, keepAliveMs: 15_000, resumeMs: 30_000 });
}
