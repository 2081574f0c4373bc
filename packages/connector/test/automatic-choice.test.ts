import type { StreamHandler } from '@reverse-http/protocol/mux';
import { beforeEach, describe, expect, it } from 'vitest';
import { resolveConnectOptions } from '../src/connect-options.js';
import type { Connection } from '../src/connection.js';
import { createLink } from '../src/link/link.js';
import type { StreamAcceptor } from '../src/link/stream-acceptor.js';
import { createFakeDialler, type FakeDialler } from './harness/fake-dialler.js';
import { createManualRuntime, type ManualRuntime } from './harness/manual-runtime.js';
import { visit } from './harness/visitor.js';

let runtime: ManualRuntime;
/** Works everywhere, and is dialled first. */
let sure: FakeDialler;
/** Is tried beside it. */
let better: FakeDialler;
let events: string[];
let connection: Connection;

beforeEach(() => {
  runtime = createManualRuntime();
  sure = createFakeDialler(runtime);
  better = createFakeDialler(runtime);
  events = [];
  const handler: StreamHandler = { onHead() {}, onData() {}, onEnd() {}, onReset: () => events.push('aborted') };
  const acceptor: StreamAcceptor = {
    active: 0,
    onIdle: undefined,
    accept() {
      events.push('request');
      return handler;
    },
  };
  const options = resolveConnectOptions({ gateway: 'http://gw', target: 'A', logger: false }, console) as never;
  connection = createLink({ options, diallers: [sure, better], acceptor, runtime });
});

describe('the automatic choice', () => {
  it('is ready with what works at once, and moves up with a request in flight', async () => {
    const session = sure.last.open().welcome();
    await connection.ready;
    expect(better.dials).toHaveLength(0);
    visit(session.mux);
    runtime.clock.advance(10);
    const { hello } = better.last.open();
    expect(hello).toMatchObject({ key: sure.last.hello.key, attach: 2, resume: { session: session.id } });
    expect(sure.last.hungUp).toBe(false);
    better.last.welcome(session);
    runtime.clock.advance(10);
    expect(session.resumes).toBe(0);
    expect(events).toEqual(['request']);
    expect(connection.state.state).toBe('ready');
    // There is nothing better: nothing more is tried.
    runtime.clock.advance(3_600_000);
    expect([sure.dials.length, better.dials.length]).toEqual([1, 1]);
  });

  it('stays with what works when the better one does not, and tries again ever more rarely', () => {
    sure.last.open().welcome();
    for (let i = 0; i < 12; i++) {
      runtime.clock.advance(1_800_000);
      better.last.fail();
    }
    const gaps = better.dials.slice(1).map(({ at }, i) => at - better.dials[i]!.at);
    expect(gaps[0]).toBeGreaterThanOrEqual(30_000);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(900_000);
    expect(sure.dials).toHaveLength(1);
    expect(connection.state.state).toBe('ready');
  });

  it('begins with the better one when that is all that works', () => {
    sure.last.fail();
    runtime.clock.advance(200);
    better.last.open().welcome();
    expect(connection.state.state).toBe('ready');
    runtime.clock.advance(3_600_000);
    expect(sure.dials).toHaveLength(1);
  });

  it('dials anew what worked last, and goes back when it works no more, with a request in flight', () => {
    const session = sure.last.open().welcome();
    runtime.clock.advance(10);
    better.last.open().welcome(session);
    visit(session.mux);
    runtime.clock.advance(20_000);
    better.last.cut();
    runtime.clock.advance(200);
    expect(better.dials).toHaveLength(2);
    better.last.fail();
    runtime.clock.advance(500);
    sure.last.open().welcome(session);
    runtime.clock.advance(10);
    expect(sure.dials).toHaveLength(2);
    expect(events).toEqual(['request']);
    expect(connection.state.state).toBe('ready');
  });

  it('does not come back at once to one that is welcomed and then dies', () => {
    const session = sure.last.open().welcome();
    runtime.clock.advance(10);
    better.last.open().welcome(session);
    runtime.clock.advance(6000);
    better.last.cut();
    runtime.clock.advance(200);
    sure.last.open().welcome(session);
    runtime.clock.advance(20_000);
    expect([sure.dials.length, better.dials.length]).toEqual([2, 1]);
    runtime.clock.advance(60_000);
    expect(better.dials).toHaveLength(2);
  });

  it('asks for a sign of life before somebody on the way closes what is idle, once that happened twice', () => {
    const session = sure.last.open().welcome();
    runtime.clock.advance(10);
    for (let cuts = 0; cuts < 2; cuts++) {
      better.last.open().welcome(session);
      const { lastHeardAt } = session;
      runtime.clock.advance(11_000);
      expect(session.lastHeardAt).toBe(lastHeardAt);
      better.last.cut();
      runtime.clock.advance(10);
    }
    better.last.open().welcome(session);
    for (let i = 0; i < 10; i++) {
      const { lastHeardAt } = session;
      runtime.clock.advance(9000);
      expect(session.lastHeardAt).toBeGreaterThan(lastHeardAt);
    }
    expect([sure.dials.length, better.dials.length]).toEqual([1, 3]);
  });

  it('takes cuts after one and another silence for accidents', () => {
    const session = sure.last.open().welcome();
    runtime.clock.advance(10);
    for (const silence of [11_000, 13_000, 9000]) {
      better.last.open().welcome(session);
      const { lastHeardAt } = session;
      runtime.clock.advance(silence);
      expect(session.lastHeardAt).toBe(lastHeardAt);
      better.last.cut();
      runtime.clock.advance(200);
    }
  });

  it('gives up trying when the session is lost meanwhile', () => {
    const session = sure.last.open().welcome();
    runtime.clock.advance(10);
    expect(better.dials).toHaveLength(1);
    session.close('draining');
    runtime.clock.advance(10);
    expect(better.last.hungUp).toBe(true);
  });
});
