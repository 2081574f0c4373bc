import type { Session } from '@reverse-http/protocol/session';
import { beforeEach, describe, expect, test } from 'vitest';
import { resolveConnectOptions } from '../src/connect-options.js';
import type { Connection } from '../src/connection.js';
import { createLink } from '../src/link/link.js';
import { createFakeDialler, type FakeDialler } from './harness/fake-dialler.js';
import { createManualRuntime, type ManualRuntime } from './harness/manual-runtime.js';

const minute = 60_000;
const night = 8 * 60 * minute;

let runtime: ManualRuntime;
let dialler: FakeDialler;
let connection: Connection;
let session: Session;
let events: string[];

beforeEach(() => {
  runtime = createManualRuntime();
  dialler = createFakeDialler(runtime);
  events = [];
  const onState = ({ state }: { readonly state: string }): void => void events.push(state);
  const options = resolveConnectOptions({ gateway: 'http://gw', target: 'A', logger: false, onState }, console);
  const acceptor = {
    active: 0,
    onIdle: undefined,
    accept: () => ({ onHead() {}, onData() {}, onEnd() {}, onReset() {} }),
  };
  connection = createLink({ options: options as never, diallers: [dialler], acceptor, runtime });
  session = dialler.last.open().welcome();
  runtime.clock.advance(3000);
  events.length = 0;
});

const age = (): number => runtime.epochMs() - connection.lastRoundTripAt!;

// T23: timers and the monotonic clock stand still while a machine sleeps.
describe('after a sleep', () => {
  test('the gateway is asked at once, and is suspect until it answers', () => {
    runtime.moveWallClock(night);
    runtime.clock.advance(2100);
    expect(events).toEqual(['suspect', 'ready']);
    expect(dialler.dials).toHaveLength(1);
    expect(age()).toBeLessThan(2000);
  });

  test('a link that is dead is left in 2.5 s, and dialled again at once', () => {
    const { transport } = session.state as Extract<Session['state'], { state: 'attached' }>;
    transport.send = () => {};
    runtime.moveWallClock(night);
    runtime.clock.advance(2000);
    expect(events).toEqual(['suspect']);
    runtime.clock.advance(2600);
    expect(events).toEqual(['suspect', 'detached']);
    expect(dialler.dials).toHaveLength(2);
  });

  test('the last round trip is as long ago as it is, whoever asks first', () => {
    const before = connection.lastRoundTripAt;
    runtime.moveWallClock(night);
    expect(connection.lastRoundTripAt).toBe(before);
    expect(age()).toBeGreaterThan(night);
    expect(connection.state.state).toBe('suspect');
  });

  test('a dial that waits is made at once', () => {
    dialler.last.cut();
    for (let i = 0; i < 8; i++) {
      dialler.last.fail();
      runtime.clock.advance(3000);
    }
    dialler.last.fail();
    runtime.clock.advance(100);
    const { length } = dialler.dials;
    runtime.moveWallClock(night);
    void connection.lastRoundTripAt;
    runtime.clock.advance(0);
    expect(dialler.dials).toHaveLength(length + 1);
    runtime.clock.advance(4000);
    expect(dialler.dials).toHaveLength(length + 1);
  });

  test('a dial that is under way goes on alone', () => {
    dialler.last.cut();
    runtime.clock.advance(0);
    const { length } = dialler.dials;
    runtime.moveWallClock(night);
    runtime.clock.advance(4000);
    expect(dialler.dials).toHaveLength(length);
  });
});

test.each([4000, -4000, -night])('the wall clock moves by %s ms: nothing comes of it', (ms) => {
  runtime.moveWallClock(ms);
  runtime.clock.advance(4000);
  expect(events).toEqual([]);
  expect(age()).toBeLessThan(8000);
  expect(age()).toBeGreaterThanOrEqual(0);
});

test('a connection that is closed looks no more', () => {
  connection.abort();
  runtime.moveWallClock(night);
  runtime.clock.advance(minute);
  expect(dialler.dials).toHaveLength(1);
  expect(runtime.clock.pendingTimers).toBe(0);
});
