import { MessageKind } from '@reverse-http/protocol/pipe';
import { encodeControl } from '@reverse-http/protocol/session';
import { beforeEach, expect, test } from 'vitest';
import { resolveConnectOptions } from '../src/connect-options.js';
import type { Connection } from '../src/connection.js';
import { createLink } from '../src/link/link.js';
import type { StreamAcceptor } from '../src/link/stream-acceptor.js';
import { createFakeDialler, type FakeDial, type FakeDialler } from './harness/fake-dialler.js';
import { createManualRuntime, type ManualRuntime } from './harness/manual-runtime.js';

let runtime: ManualRuntime;
let sure: FakeDialler;
let better: FakeDialler;
let connection: Connection;
let events: string[];
let isReady: boolean;

beforeEach(() => {
  runtime = createManualRuntime();
  sure = createFakeDialler(runtime);
  better = createFakeDialler(runtime);
  events = [];
  isReady = false;
});

function link(...diallers: [FakeDialler, ...FakeDialler[]]): void {
  const acceptor: StreamAcceptor = {
    active: 0,
    onIdle: undefined,
    accept: () => ({ onHead() {}, onData() {}, onEnd() {}, onReset() {} }),
  };
  const onState = ({ state }: { readonly state: string }): void => void events.push(state);
  const options = resolveConnectOptions(
    { gateway: 'http://gw', target: 'A', logger: false, onState },
    console,
  ) as never;
  connection = createLink({ options, diallers, acceptor, runtime });
  connection.ready.then(() => {
    isReady = true;
  });
}

/** A gateway that welcomes, and from then on says nothing. */
function welcomeOnly(dial: FakeDial, session = 'n.s'): void {
  const times = { offset: 0, keepAliveMs: 15_000, resumeMs: 30_000, maxStreams: 16 };
  dial
    .open()
    .say(encodeControl(MessageKind.Welcome, { version: 1, session, ...times, features: [], urls: {}, notices: [] }));
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a welcome alone is no readiness: the gateway has to be heard by what it welcomed', async () => {
  link(sure);
  welcomeOnly(sure.last);
  await tick();
  expect([connection.state.state, isReady]).toEqual(['connecting', false]);
  sure.last.say(Uint8Array.of(MessageKind.Data, 0, 0));
  await tick();
  expect([connection.state.state, isReady]).toEqual(['ready', true]);
});

test('one that welcomes and is never heard is dialled ever more slowly', () => {
  link(sure);
  for (let i = 0; i < 8; i++) {
    welcomeOnly(sure.last);
    if (i % 2 === 0) sure.last.cut();
    runtime.clock.advance(11_000);
  }
  const gaps = sure.dials.slice(1).map(({ at }, i) => at - sure.dials[i]!.at);
  expect(gaps.every((gap, i) => gap > 0 || i === 0)).toBe(true);
  expect(gaps.at(-1)).toBeGreaterThan(2000);
  expect(events).not.toContain('ready');
});

test('another transport is dialled after one that is never heard', () => {
  link(sure, better);
  welcomeOnly(sure.last);
  runtime.clock.advance(5200);
  expect(better.dials).toHaveLength(1);
  better.last.open().welcome();
  expect(connection.state.state).toBe('ready');
});

test('a session that goes on is ready again when it was heard', () => {
  link(sure);
  const session = sure.last.open().welcome();
  runtime.clock.advance(2000);
  sure.last.cut();
  runtime.clock.advance(0);
  welcomeOnly(sure.last, session.id);
  expect(events).toEqual(['ready', 'detached']);
  sure.last.say(Uint8Array.of(MessageKind.Data, 0, 0));
  expect(events).toEqual(['ready', 'detached', 'ready']);
});

test('a better transport that is never heard costs nothing but its turn', () => {
  link(sure, better);
  const session = sure.last.open().welcome();
  runtime.clock.advance(10);
  welcomeOnly(better.last, session.id);
  runtime.clock.advance(5000);
  expect(connection.state.state).toBe('detached');
  runtime.clock.advance(200);
  sure.last.open().welcome(session);
  expect([connection.state.state, better.dials.length]).toEqual(['ready', 1]);
  runtime.clock.advance(20_000);
  expect(better.dials.length).toBe(1);
});

test('a gateway that is overdue is suspect, and ready with its next message', () => {
  link(sure);
  const session = sure.last.open().welcome();
  const { state } = session;
  if (state.state !== 'attached') throw new Error('not attached');
  const { send } = state.transport;
  state.transport.send = () => {};
  runtime.clock.advance(17_500);
  expect(connection.state).toEqual({ state: 'suspect' });
  state.transport.send = send;
  session.mux.goAway();
  runtime.flush();
  expect(connection.state).toMatchObject({ state: 'ready', target: 'a' });
  expect(events).toEqual(['ready', 'suspect', 'ready']);
});

test('a gateway that stays silent is suspect first, then the transport is lost', () => {
  link(sure);
  const { state } = sure.last.open().welcome();
  if (state.state !== 'attached') throw new Error('not attached');
  state.transport.send = () => {};
  runtime.clock.advance(20_000);
  expect(events).toEqual(['ready', 'suspect', 'detached']);
});
