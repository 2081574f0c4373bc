import type { ByteSource } from '@reverse-http/protocol/mux';
import { createManualClock } from '@reverse-http/protocol/session';
import { afterEach, describe, expect, test } from 'vitest';
import { type Deadline, Deadlines } from '../../src/forward/deadlines.js';
import { defaultTargetPolicy, type TargetPolicy } from '../../src/policy/target-policy.js';
import { tickerOn } from '../../src/timing/ticker-on.js';
import { TimerWheel } from '../../src/timing/timer-wheel.js';
import { type MemoryGateway, startMemoryGateway } from '../support/memory-gateway.js';
import { readAnswer } from '../support/read-answers.js';
import { stuckSource } from '../support/scripted-connector.js';
import { members } from '../support/test-gateway.js';

/** An exchange of which nothing is there but its deadlines; time moves in ticks of 100 ms. */
class Timed extends Deadlines {
  late: string[] = [];
  queued = false;
  session = { detachedMs: 0 };
  readonly #now: () => number;
  constructor(wheel: TimerWheel, policy: TargetPolicy, now: () => number) {
    super(wheel, policy);
    this.#now = now;
  }
  begin = () => this.startDeadlines(this.session as never);
  move = () => this.moved();
  answer = () => this.answered();
  stop = () => this.stopDeadlines();
  protected onLate(deadline: Deadline): void {
    this.late.push(`${deadline} ${this.#now()}`);
  }
  protected isQueued = () => this.queued;
}

function start(policy: Partial<TargetPolicy>) {
  const clock = createManualClock();
  const wheel = new TimerWheel(100, tickerOn(clock));
  const timed = new Timed(wheel, { ...defaultTargetPolicy, firstByteMs: 0, ...policy }, clock.now);
  timed.begin();
  return { clock, wheel, timed };
}

describe('which deadline passes when', () => {
  test('none of them, none is set: nothing stands on the wheel', () => {
    expect(start({}).wheel.size).toBe(0);
  });

  test('the first byte, once', () => {
    const { clock, timed } = start({ firstByteMs: 1000 });
    clock.advance(1000);
    expect(timed.late).toEqual([]);
    clock.advance(100_000);
    expect(timed.late).toEqual(['first-byte 1100']);
  });

  test('the first byte counts from the last byte of the request', () => {
    const { clock, timed } = start({ firstByteMs: 1000 });
    for (let i = 0; i < 30; i++) {
      clock.advance(500);
      timed.move();
    }
    clock.advance(1000);
    expect(timed.late).toEqual([]);
    clock.advance(100);
    expect(timed.late).toEqual(['first-byte 16100']);
  });

  test('not while the head is on its way out', () => {
    const { clock, timed } = start({ firstByteMs: 1000 });
    timed.queued = true;
    clock.advance(20_000);
    timed.queued = false;
    clock.advance(900);
    expect(timed.late).toEqual([]);
    clock.advance(300);
    expect(timed.late).toHaveLength(1);
  });

  test('it stands still while the link is down, and no longer', () => {
    const { clock, timed } = start({ firstByteMs: 1000, idleMs: 5000 });
    clock.advance(400);
    for (let i = 0; i < 300; i++) {
      timed.session.detachedMs += 100;
      clock.advance(100);
    }
    clock.advance(600);
    expect(timed.late).toEqual([]);
    clock.advance(300);
    expect(timed.late).toEqual(['first-byte 31100']);
  });

  test('an answer ends it', () => {
    const { clock, wheel, timed } = start({ firstByteMs: 1000 });
    timed.answer();
    expect(wheel.size).toBe(0);
    clock.advance(100_000);
    expect(timed.late).toEqual([]);
  });

  test('idle counts on after the answer, from the last byte', () => {
    const { clock, timed } = start({ firstByteMs: 10_000, idleMs: 1000 });
    clock.advance(900);
    timed.answer();
    clock.advance(900);
    timed.move();
    clock.advance(1000);
    expect(timed.late).toEqual([]);
    clock.advance(100);
    expect(timed.late).toEqual(['idle 2900']);
  });

  test('total does not care whether anything moves or the link is there', () => {
    const { clock, timed } = start({ firstByteMs: 1000, idleMs: 1000, totalMs: 3000 });
    for (let i = 0; i < 30; i++) {
      timed.move();
      timed.session.detachedMs += 50;
      clock.advance(100);
    }
    expect(timed.late).toEqual([]);
    clock.advance(100);
    expect(timed.late).toEqual(['total 3100']);
  });

  test('total counts from the first try, the others from the last', () => {
    const { clock, timed } = start({ firstByteMs: 2000, totalMs: 3000 });
    clock.advance(1500);
    timed.stop();
    timed.begin();
    clock.advance(1500);
    expect(timed.late).toEqual([]);
    clock.advance(200);
    expect(timed.late.join()).toMatch(/^total/);
  });
});

describe('what a visitor sees', () => {
  let it: MemoryGateway;
  afterEach(() => it.close());

  test('R82 no head in time: 504, and the connector is told', async () => {
    it = await startMemoryGateway({ deadlines: { firstByte: '10s' } });
    const connector = await it.connect();
    const visitor = it.get();
    const request = await connector.next();
    const aborted = new Promise((resolve) => {
      request.exchange.handler = { ...request.exchange.handler, onAborted: resolve };
    });
    await it.clock.advance(10_000);
    expect(visitor.text()).toBe('');
    await it.clock.advance(200);
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(504);
    expect(answer.field('proxy-status')).toBe('rhttp; error=http_response_timeout; details="first-byte-timeout"');
    expect(JSON.parse(answer.body)).toMatchObject({
      delivered: 'unknown',
      detail: 'The answer did not begin in time.',
    });
    expect(await aborted).toBe('idle-timeout');
    request.answer('200 OK\r\nContent-Length: LENGTH', 'too late');
    visitor.send('GET /gw/A/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    (await connector.next()).answer('200 OK\r\nContent-Length: LENGTH', 'in time');
    expect(await visitor.until('in time')).not.toContain('too late');
  });

  test('an interim head is a sign of life, an answer that has begun is not cut', async () => {
    it = await startMemoryGateway({ deadlines: { firstByte: '5s' } });
    const connector = await it.connect();
    const visitor = it.get();
    const request = await connector.next();
    for (let i = 0; i < 4; i++) {
      await it.clock.advance(4900);
      request.interim('102 Processing');
    }
    await it.clock.advance(4900);
    request.answer('200 OK', stuckSource('begun'));
    await visitor.until('begun');
    await it.clock.advance(3_600_000);
    expect(visitor.ending).toBeUndefined();
  });

  test('not while the session is detached', async () => {
    it = await startMemoryGateway({ deadlines: { firstByte: '5s' } });
    const connector = await it.connect();
    const visitor = it.get();
    await connector.next();
    connector.webSocket.terminate();
    await it.clock.advance(29_000);
    expect(members(it.gateway)[0]?.state).toBe('detached');
    expect(visitor.text()).toBe('');
  });

  test('nothing moves before the head: 504 idle-timeout', async () => {
    it = await startMemoryGateway({ deadlines: { idle: '10s' } });
    await it.connect();
    const visitor = it.get();
    await it.clock.advance(10_200);
    const answer = readAnswer(await visitor.until('requestId'));
    expect([answer.status, answer.field('proxy-status')]).toEqual([
      504,
      'rhttp; error=connection_timeout; details="idle-timeout"',
    ]);
  });

  test('nothing moves after the head: the answer is broken off', async () => {
    it = await startMemoryGateway({ deadlines: { idle: '10s' } });
    const connector = await it.connect();
    const visitor = it.get();
    (await connector.next()).answer('200 OK', stuckSource('begun'));
    await it.clock.advance(10_200);
    expect(await visitor.closed()).toMatch(/begun\r\n$/);
  });

  test('an answer that goes on, however slowly, is not', async () => {
    it = await startMemoryGateway({ deadlines: { idle: '10s' } });
    const connector = await it.connect();
    const visitor = it.get();
    const request = await connector.next();
    let due = '';
    const source: ByteSource = {
      read(into, at) {
        const { length } = due;
        into.set(Buffer.from(due), at);
        due = '';
        return length;
      },
      ended: false,
      trailers: undefined,
    };
    request.answer('200 OK', source);
    for (let i = 0; i < 6; i++) {
      await it.clock.advance(9900);
      due = `piece ${i}`;
      request.exchange.wake();
      await visitor.until(due);
    }
    expect(visitor.ending).toBeUndefined();
    await it.clock.advance(10_200);
    expect(await visitor.closed()).toMatch(/piece 5\r\n$/);
  });

  test('an upgraded stream is idle like any other', async () => {
    it = await startMemoryGateway({ deadlines: { idle: '10s' } });
    const connector = await it.connect();
    const visitor = it.get('Connection: Upgrade\r\nUpgrade: echo\r\n');
    const request = await connector.next();
    request.answer('101 Switching Protocols\r\nUpgrade: echo', stuckSource('hello'));
    for (let i = 0; i < 4; i++) {
      await it.clock.advance(9900);
      visitor.send(`x${i}`);
      await request.until(`x${i}`);
    }
    await it.clock.advance(10_200);
    await visitor.closed();
    expect((await request.whole).aborted).toBe('idle-timeout');
  });

  test('too long in all: 504', async () => {
    it = await startMemoryGateway({ deadlines: { total: '10s' } });
    await it.connect();
    const visitor = it.get();
    await it.clock.advance(10_200);
    const answer = readAnswer(await visitor.until('requestId'));
    expect([answer.status, JSON.parse(answer.body).detail]).toEqual([504, 'The exchange took too long.']);
  });
});
