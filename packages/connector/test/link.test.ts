import type { MuxStream, StreamHandler } from '@reverse-http/protocol/mux';
import { encodeControl } from '@reverse-http/protocol/session';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ConnectOptions, resolveConnectOptions } from '../src/connect-options.js';
import type { Connection } from '../src/connection.js';
import { createLink } from '../src/link/link.js';
import type { StreamAcceptor } from '../src/link/stream-acceptor.js';
import { createFakeDialler, type FakeDialler } from './harness/fake-dialler.js';
import { createManualRuntime, type ManualRuntime } from './harness/manual-runtime.js';
import { visit } from './harness/visitor.js';

let runtime: ManualRuntime;
let dialler: FakeDialler;
let events: string[];
let lines: string[];
let streams: MuxStream[];
let acceptor: StreamAcceptor & { active: number };

beforeEach(() => {
  runtime = createManualRuntime();
  dialler = createFakeDialler(runtime);
  events = [];
  lines = [];
  streams = [];
  acceptor = {
    active: 0,
    onIdle: undefined,
    accept(stream): StreamHandler {
      streams.push(stream);
      acceptor.active += 1;
      events.push('request');
      return {
        onHead() {},
        onData() {},
        onEnd() {},
        onReset: () => events.push('aborted'),
      };
    },
  };
});

function link(options: Partial<ConnectOptions> = {}): Connection {
  const write = (line: string): void => void lines.push(line);
  const all: ConnectOptions = {
    gateway: 'http://gw',
    target: 'A',
    onState: ({ state }) => events.push(state),
    logger: { info: write, warn: write, error: write },
    ...options,
  };
  return createLink({ options: resolveConnectOptions(all, console) as never, diallers: [dialler], acceptor, runtime });
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a link', () => {
  it('says hello and is ready with the welcome', async () => {
    const connection = link({ target: ['A', 'B'], labels: { site: 'x' }, keepAlive: 5000, replica: 'r' });
    expect(connection.state).toEqual({ state: 'connecting' });
    expect([connection.url, connection.targets]).toEqual([undefined, []]);
    dialler.last.open().welcome();
    expect(dialler.last.hello).toEqual({
      versions: [1],
      agent: 'test',
      key: '00000000000000000000000000000001',
      attach: 1,
      features: [],
      targets: [
        { target: 'A', replica: 'r' },
        { target: 'B', replica: 'r' },
      ],
      labels: { site: 'x' },
      keepAliveMs: 5000,
    });
    expect(await connection.ready).toEqual({
      url: 'http://gw/gw/A/',
      urls: ['http://gw/gw/A/'],
      target: 'a',
      transport: 'memory',
    });
    expect(connection.targets).toEqual([
      { target: 'a', url: 'http://gw/gw/A/', urls: ['http://gw/gw/A/'] },
      { target: 'B', url: 'http://gw/', urls: [] },
    ]);
    expect(connection.state).toMatchObject({ state: 'ready', url: 'http://gw/gw/A/' });
    runtime.clock.advance(700);
    expect(connection.lastRoundTripAt).toBe(1_000_000);
  });

  it('dials for ever, ever more slowly, and says so once', () => {
    link();
    for (let i = 0; i < 6; i++) {
      dialler.last.fail();
      runtime.clock.advance(5000);
    }
    const gaps = dialler.dials.slice(1).map(({ at }, i) => at - dialler.dials[i]!.at);
    expect(gaps).toHaveLength(6);
    expect(lines).toEqual(['Not connected: unreachable: http://gw/ unreachable']);
    dialler.last.fail('not-a-gateway');
    expect(lines).toHaveLength(2);
  });

  it('says once what troubles it in turn, and anew after it was ready', () => {
    link();
    const fail = (code: 'unreachable' | 'not-a-gateway'): void => {
      dialler.last.fail(code);
      runtime.clock.advance(5000);
    };
    for (let i = 0; i < 4; i++) fail(i % 2 ? 'not-a-gateway' : 'unreachable');
    expect(lines).toHaveLength(2);
    dialler.last.open().welcome();
    runtime.clock.advance(2000);
    dialler.last.cut();
    runtime.clock.advance(0);
    fail('unreachable');
    fail('unreachable');
    expect(lines).toEqual([
      'Not connected: unreachable: http://gw/ unreachable',
      'Not connected: not-a-gateway: http://gw/ not-a-gateway',
      'Not connected: unreachable: http://gw/ unreachable',
    ]);
  });

  it('tries its gateways in turn', () => {
    link({ gateway: ['http://one', 'http://two'] });
    dialler.last.fail();
    runtime.clock.advance(5000);
    dialler.last.fail();
    runtime.clock.advance(5000);
    expect(dialler.dials.map(({ gateway }) => gateway)).toEqual(['http://one/', 'http://two/', 'http://one/']);
  });

  it('takes silence, noise and other versions for failures', () => {
    const connection = link();
    dialler.last.open();
    runtime.clock.advance(10_000);
    expect(connection.state).toMatchObject({ state: 'connecting', error: { code: 'unreachable' } });
    expect(dialler.last.hungUp).toBe(true);
    runtime.clock.advance(5000);
    dialler.last.open().say(Buffer.from('hello there'));
    expect(connection.state).toMatchObject({ state: 'connecting', error: { code: 'not-a-gateway' } });
    runtime.clock.advance(5000);
    dialler.last.open().welcome(undefined, { version: 9 });
    expect(connection.state).toMatchObject({ state: 'connecting', error: { code: 'version' } });
  });

  it('asks for the token before each hello', async () => {
    const tokens = ['one', 'two'];
    const connection = link({ gateway: 'https://gw', token: () => Promise.resolve(tokens.shift()) });
    await tick();
    dialler.last.open();
    expect(dialler.last.hello.token).toBe('one');
    dialler.last.cut();
    runtime.clock.advance(5000);
    await tick();
    dialler.last.open();
    expect(dialler.last.hello.token).toBe('two');
    connection.abort();
    const broken = link({
      gateway: 'https://gw',
      token: () => {
        throw new Error('no file');
      },
    });
    await tick();
    expect(broken.state).toMatchObject({ state: 'connecting', error: { message: 'the token could not be read' } });
  });
});

describe('a transport that is lost', () => {
  it('is replaced at once; the session and its requests go on', () => {
    const connection = link();
    const session = dialler.last.open().welcome();
    const answer = visit(session.mux);
    runtime.flush();
    runtime.clock.advance(2000);
    runtime.flush();
    dialler.last.cut();
    expect(connection.state).toEqual({ state: 'detached', retryInMs: 0 });
    runtime.clock.advance(0);
    const { hello } = dialler.last.open();
    expect(hello).toMatchObject({ key: dialler.dials[0]!.hello.key, attach: 2, resume: { session: session.id } });
    expect(hello.resume!.offset).toBeGreaterThan(0);
    dialler.last.welcome(session);
    expect(events).toEqual(['ready', 'request', 'detached', 'ready']);
    expect(answer.failure).toBeUndefined();
    expect(session.resumes).toBe(1);
  });

  it('is not redialled at once if it never lived', () => {
    const connection = link();
    const session = dialler.last.open().welcome();
    dialler.last.cut();
    expect(connection.state).toEqual({ state: 'detached', retryInMs: 50 });
    runtime.clock.advance(50);
    dialler.last.open().welcome(session);
    dialler.last.cut();
    expect(connection.state).toEqual({ state: 'detached', retryInMs: 100 });
  });

  it('again and again is replaced soon each time, as long as requests come on', () => {
    const connection = link();
    const session = dialler.last.open().welcome();
    const waits: number[] = [];
    for (const lived of [0, 20, 60, 60, 0, 20]) {
      visit(session.mux);
      runtime.flush();
      runtime.clock.advance(lived);
      runtime.flush();
      dialler.last.cut();
      waits.push((connection.state as { retryInMs: number }).retryInMs);
      runtime.clock.advance(waits.at(-1)!);
      dialler.last.open().welcome(session);
    }
    // Of a wait of 50 ms, what it lived is over already.
    expect(waits).toEqual([50, 30, 0, 0, 50, 30]);
    expect(session.resumes).toBe(6);
  });

  it('by a hello that is lost without a word is dialled again after 5 s', () => {
    const connection = link();
    const session = dialler.last.open().welcome();
    runtime.clock.advance(2000);
    dialler.last.cut();
    runtime.clock.advance(0);
    dialler.last.open();
    runtime.clock.advance(5000);
    expect(connection.state).toMatchObject({ state: 'detached', error: { code: 'unreachable' }, retryInMs: 50 });
    runtime.clock.advance(50);
    dialler.last.open().welcome(session);
    expect(connection.state.state).toBe('ready');
  });

  it('whose session is gone has its handlers aborted before another session opens, at once', () => {
    link();
    const session = dialler.last.open().welcome();
    visit(session.mux);
    runtime.flush();
    runtime.clock.advance(2000);
    dialler.last.cut();
    runtime.clock.advance(0);
    dialler.last.open().refuse({ code: 'gone', message: '' });
    expect(events).toEqual(['ready', 'request', 'detached', 'aborted', 'connecting']);
    runtime.clock.advance(0);
    const { hello } = dialler.last.open();
    expect(hello).toMatchObject({ attach: 1 });
    expect(hello.resume).toBeUndefined();
    expect(hello.key).not.toBe(dialler.dials[0]!.hello.key);
    dialler.last.welcome();
    expect(events.at(-1)).toBe('ready');
  });

  it('and is welcomed to another session has its handlers aborted first', () => {
    link();
    const session = dialler.last.open().welcome();
    visit(session.mux);
    runtime.flush();
    dialler.last.cut();
    runtime.clock.advance(5000);
    dialler.last.open().welcome();
    expect(events).toEqual(['ready', 'request', 'detached', 'aborted', 'ready']);
  });

  it('for longer than the resume window ends the session', () => {
    link();
    const session = dialler.last.open().welcome();
    visit(session.mux);
    runtime.flush();
    dialler.last.cut();
    for (let i = 0; i < 40; i++) {
      runtime.clock.advance(1000);
      if (!dialler.last.hungUp) dialler.last.fail();
    }
    expect(events).toContain('aborted');
    runtime.clock.advance(10_000);
    expect(dialler.last.open().hello.resume).toBeUndefined();
  });
});

describe('a refusal', () => {
  it('for good closes, and rejects `ready`', async () => {
    const connection = link();
    dialler.last.open().refuse({ code: 'unauthorized', message: 'no such token' });
    expect(events).toEqual(['refused', 'closed']);
    await expect(connection.ready).rejects.toMatchObject({ code: 'unauthorized', message: 'no such token' });
    expect(await connection.closed).toEqual({ code: 'unauthorized', message: 'no such token' });
    runtime.clock.advance(1e9);
    expect(dialler.dials).toHaveLength(1);
  });

  it('for good is tried again after minutes where asked for', () => {
    const connection = link({ onRefused: 'retry' });
    dialler.last.open().refuse({ code: 'revoked', message: '' });
    expect(connection.state).toMatchObject({ state: 'refused', error: { code: 'revoked' }, retryInMs: 45_000 });
    runtime.clock.advance(45_000);
    dialler.last.open().refuse({ code: 'revoked', message: '' });
    expect(connection.state).toMatchObject({ state: 'refused', retryInMs: 90_000 });
    runtime.clock.advance(90_000);
    dialler.last.open().welcome();
    expect(connection.state.state).toBe('ready');
    expect(lines).toHaveLength(1);
  });

  it('T16: for now is tried again, not before the gateway said, and not in step with others', () => {
    const connection = link();
    dialler.last.open().refuse({ code: 'overloaded', message: '', retryAfterMs: 7000 });
    expect(connection.state).toMatchObject({ state: 'connecting', error: { code: 'overloaded' }, retryInMs: 7050 });
    runtime.clock.advance(7049);
    expect(dialler.dials).toHaveLength(1);
    runtime.clock.advance(1);
    expect(dialler.dials).toHaveLength(2);
  });
});

describe('a session that the gateway ends', () => {
  it('T22: because of a successor makes a standby, which asks every minute', () => {
    const connection = link();
    dialler.last.open().welcome().close('replaced');
    runtime.flush();
    expect(connection.state).toEqual({ state: 'standby', retryInMs: 60_000 });
    runtime.clock.advance(60_000);
    dialler.last.open();
    expect(dialler.last.hello).toMatchObject({ standby: true, attach: 1 });
    dialler.last.refuse({ code: 'standby', message: '' });
    expect(connection.state.state).toBe('standby');
    runtime.clock.advance(60_000);
    dialler.last.open().welcome();
    expect(connection.state.state).toBe('ready');
    expect(events).toEqual(['ready', 'standby', 'standby', 'ready']);
  });

  it('at once another token, where the one that was refused is not the last', async () => {
    const tokens = [undefined, 'made meanwhile', 'made meanwhile', 'made meanwhile'];
    const connection = link({ gateway: 'https://gw', token: () => Promise.resolve(tokens.shift()) });
    await tick();
    dialler.last.open().refuse({ code: 'unauthorized', message: 'no token' });
    await tick();
    expect(connection.state).toMatchObject({ state: 'connecting' });
    dialler.last.open();
    expect(dialler.last.hello.token).toBe('made meanwhile');
    dialler.last.refuse({ code: 'unauthorized', message: 'no such token' });
    await expect(connection.ready).rejects.toMatchObject({ message: 'no such token' });
    expect(tokens.length).toBe(2);
  });

  it('T16: because of a revoked token closes', () => {
    link();
    dialler.last.open().welcome().close('revoked');
    runtime.flush();
    expect(events).toEqual(['ready', 'refused', 'closed']);
  });

  it('because it shuts down is followed by another', () => {
    link();
    runtime.clock.advance(0);
    dialler.last.open().welcome().close('draining');
    runtime.flush();
    runtime.clock.advance(5000);
    dialler.last.open().welcome();
    expect(events).toEqual(['ready', 'connecting', 'ready']);
  });
});

describe('closing', () => {
  it('refuses what comes, waits for what runs, then says goodbye', async () => {
    const connection = link();
    const session = dialler.last.open().welcome();
    visit(session.mux);
    runtime.flush();
    const closed = connection.close();
    runtime.flush();
    expect(session.mux.peerGoesAway).toBe(true);
    runtime.clock.advance(10_000);
    expect(events).toEqual(['ready', 'request']);
    streams[0]!.sendHead(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'), true);
    acceptor.active = 0;
    acceptor.onIdle?.();
    runtime.clock.advance(1000);
    runtime.flush();
    await closed;
    expect(session.state).toMatchObject({ state: 'closed', reason: { code: 'closed' } });
    expect(await connection.closed).toMatchObject({ code: 'closed' });
  });

  it('waits no longer than the grace', async () => {
    const connection = link();
    visit(dialler.last.open().welcome().mux);
    runtime.flush();
    const closed = connection.close({ graceMs: 500 });
    runtime.clock.advance(500);
    await closed;
    expect(events).toEqual(['ready', 'request', 'closed', 'aborted']);
    await connection.close();
  });

  it('before the first welcome rejects `ready`', async () => {
    const connection = link();
    await connection.close();
    await expect(connection.ready).rejects.toMatchObject({ code: 'closed' });
    expect(dialler.last.hungUp).toBe(true);
  });

  it('at once is abort, also by signal', async () => {
    const controller = new AbortController();
    const connection = link({ signal: controller.signal });
    visit(dialler.last.open().welcome().mux);
    runtime.flush();
    const why = new Error('enough');
    controller.abort(why);
    expect(await connection.closed).toEqual({ code: 'aborted', message: 'enough', cause: why });
    expect(events).toEqual(['ready', 'request', 'closed', 'aborted']);
    connection.abort();
    runtime.clock.advance(1e6);
    expect(dialler.dials).toHaveLength(1);
  });

  it('is what `await using` does', async () => {
    const connection = link();
    dialler.last.open().welcome();
    const disposed = connection[Symbol.asyncDispose]();
    runtime.clock.advance(1000);
    await disposed;
    expect(connection.state.state).toBe('closed');
  });

  it('survives callbacks that throw', () => {
    const connection = link({
      onState() {
        throw new Error('state');
      },
      onError() {
        throw new Error('error');
      },
    });
    dialler.last.fail();
    runtime.clock.advance(5000);
    dialler.last.open().welcome();
    expect(connection.state.state).toBe('ready');
    expect(lines.filter((line) => line.includes('threw'))).toHaveLength(3);
  });
});

it('a goodbye of a newer kind reads as the end of a session', () => {
  const connection = link();
  dialler.last.open().say(encodeControl(3, { code: 'from-the-future' as never, message: 'soon' }));
  expect(connection.state).toMatchObject({ state: 'connecting', error: { code: 'closed', message: 'soon' } });
});

it('refuses what is more than maxConcurrent, and serves again when there is room', () => {
  link({ maxConcurrent: 2 });
  const session = dialler.last.open().welcome();
  const visits = [1, 2, 3].map(() => visit(session.mux));
  runtime.flush();
  expect(streams).toHaveLength(2);
  expect(visits[2]?.failure?.reason).toBe('overloaded');
  expect(visits[2]?.exchange.delivered).toBe('no');
  acceptor.active -= 1;
  const next = visit(session.mux);
  runtime.flush();
  expect([streams.length, next.failure]).toEqual([3, undefined]);
});
