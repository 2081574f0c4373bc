import { describe, expect, test } from 'vitest';
import { WindowPool } from '../../src/mux/index.js';
import { createManualClock } from '../../src/session/index.js';
import { ByteBody } from '../sim/byte-body.js';
import { data, SessionPair } from './session-pair.js';

const kib = 1024;

describe('acks', () => {
  test('ride on every message, and go alone after 50 ms', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.settle();
    pair.take('a');
    pair.open();
    pair.clock.advance(49);
    expect(pair.take('a')).toEqual([]);
    pair.clock.advance(1);
    expect(pair.take('a')).toMatchObject([{ bytes: 0, ack: 7 }]);
    pair.open();
    pair.clock.settle();
    pair.accepted[1]!.stream.sendHead(Buffer.from('x'), true);
    pair.clock.settle();
    expect(pair.take('a')).toMatchObject([{ bytes: 4, ack: 14 }]);
  });

  test('go at once after 64 KiB', () => {
    const pair = new SessionPair();
    pair.attach({ maxMessageBytes: 16 * kib });
    pair.clock.settle();
    pair.take('a');
    const { body } = pair.open(1000 * kib);
    pair.clock.settle();
    expect(body.offset).toBe(1000 * kib);
    expect(pair.take('a').length).toBeGreaterThan(3);
    expect(pair.clock.now()).toBe(1000);
  });

  test('that are overdue go from the message handler, when timers sleep', () => {
    const clock = createManualClock(1000);
    const sleepy = { ...clock, now: clock.now, setTimer: () => ({ cancel() {} }) };
    const pair = new SessionPair({}, { clock: sleepy });
    Object.assign(sleepy, { now: pair.clock.now });
    pair.attach();
    pair.open();
    pair.clock.advance(500);
    pair.take('a');
    pair.open();
    pair.clock.settle();
    expect(pair.take('a')).toMatchObject([{ bytes: 0, ack: 14 }]);
  });

  test('wait while the transport takes nothing, and do not pile up', () => {
    const pair = new SessionPair();
    const link = pair.attach();
    pair.clock.settle();
    link.setWritable('b', false);
    pair.take('a');
    const { body } = pair.open(64 * kib);
    for (let i = 0; i < 10; i++) {
      body.add(64 * kib);
      pair.a.mux.goAway();
      pair.clock.advance(100);
    }
    expect(pair.take('a')).toEqual([]);
    link.setWritable('b', true);
    pair.clock.settle();
    expect(pair.take('a').length).toBeGreaterThan(0);
  });
});

describe('liveness', () => {
  test('a silent link is asked after the keep-alive, and answers, and the answer does not ask', () => {
    const pair = new SessionPair({}, { keepAliveMs: 1e6 });
    pair.attach();
    pair.clock.advance(10);
    pair.sent.length = 0;
    pair.clock.advance(15_000);
    expect(pair.take('b')).toMatchObject([{ reply: true, bytes: 0 }]);
    expect(pair.take('a')).toMatchObject([{ reply: false, bytes: 0 }]);
    pair.clock.advance(100_000);
    expect(pair.take('b').every(({ reply }) => reply)).toBe(true);
    expect(pair.take('a').some(({ reply }) => reply)).toBe(false);
    expect(pair.a.state.state).toBe('attached');
  });

  test('an answer that carries bytes does not ask either, however late it goes', () => {
    const pair = new SessionPair({ dials: false }, { keepAliveMs: 1e6 });
    const link = pair.attach();
    pair.open();
    pair.clock.settle();
    link.setWritable('b', false);
    pair.clock.advance(3000);
    pair.open();
    pair.clock.settle();
    pair.accepted[0]!.stream.sendHead(Buffer.from('ok'), true);
    pair.clock.advance(1500);
    pair.sent.length = 0;
    link.setWritable('b', true);
    pair.clock.settle();
    expect(pair.take('a')[0]).toMatchObject({ reply: false, bytes: 5 });
  });

  test('two ends that ask each other do not go on for ever', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.advance(60_000);
    expect(pair.sent.length).toBeLessThan(30);
  });

  test.each([
    ['4 s at the end that dialled', true, 4000],
    ['5 s at the other', false, 5000],
  ])('T23: a head on a quiet link asks at once; no answer in %s, and the transport is closed', (_name, dials, ms) => {
    const pair = new SessionPair({ dials });
    pair.attach();
    pair.clock.advance(3000);
    pair.take('b');
    pair.delivers = () => false;
    pair.open();
    pair.clock.settle();
    expect(pair.take('b')).toMatchObject([{ reply: true }]);
    pair.clock.advance(ms - 1);
    expect(pair.a.state.state).toBe('attached');
    pair.clock.advance(1);
    expect(pair.a.state.state).toBe('detached');
    expect(pair.link!.a.writable).toBe(false);
  });

  test('a head on a link that spoke lately does not ask', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.advance(900);
    pair.take('b');
    pair.open();
    pair.clock.settle();
    expect(pair.take('b')).toMatchObject([{ reply: false }]);
  });

  test('T23: a silent death without traffic is found within keep-alive and 5 s', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.advance(10);
    pair.delivers = () => false;
    pair.clock.advance(20_000);
    expect([pair.a.state.state, pair.b.state.state]).toEqual(['detached', 'detached']);
  });

  test('a long round trip is waited for, four times', () => {
    const pair = new SessionPair();
    pair.delayMs = 1000;
    pair.attach();
    const { body } = pair.open(100);
    pair.clock.advance(5000);
    expect(pair.a.roundTripMs).toBeGreaterThanOrEqual(2000);
    body.add(100);
    pair.delivers = () => false;
    pair.clock.advance(2000);
    pair.open();
    pair.clock.advance(4 * pair.a.roundTripMs! - 1);
    expect(pair.a.state.state).toBe('attached');
    pair.clock.advance(1);
    expect(pair.a.state.state).toBe('detached');
  });

  test('bytes that move count as life, even inside a message', () => {
    const pair = new SessionPair({}, { keepAliveMs: 1e6 });
    const link = pair.attach();
    pair.clock.advance(3000);
    pair.delivers = () => false;
    let moved = 0;
    Object.defineProperty(link.a, 'movedBytes', { get: () => moved });
    pair.open();
    for (let i = 0; i < 30; i++) {
      moved += 1000;
      pair.clock.advance(1000);
    }
    expect(pair.a.state.state).toBe('attached');
    pair.clock.advance(10_000);
    expect(pair.a.state.state).toBe('detached');
  });

  test('bytes unacked for long although messages come force another transport, and there they go', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.open();
    pair.clock.advance(100);
    let lost = 0;
    pair.delivers = ({ towards, bytes }) => {
      const carries = towards === 'b' && bytes.length > 10;
      if (carries) lost++;
      return !carries;
    };
    pair.open(1000);
    for (let i = 0; i < 40 && pair.a.state.state === 'attached'; i++) {
      pair.b.mux.goAway();
      pair.clock.advance(1000);
    }
    expect([pair.a.state.state, lost]).toEqual(['detached', 1]);
    pair.delivers = () => true;
    pair.attach();
    pair.clock.settle();
    expect(pair.b.receivedOffset).toBe(7 + 7 + 1006);
  });

  test('a peer who never acks, transport after transport, ends the session', () => {
    const pair = new SessionPair();
    pair.delivers = ({ towards, bytes }) => towards === 'a' || bytes.length < 10;
    for (let i = 0; i < 3; i++) {
      pair.attach();
      if (i === 0) pair.open(1000);
      pair.clock.advance(60_000 - 1);
      if (pair.a.state.state === 'closed') break;
    }
    expect(pair.a.state).toMatchObject({ state: 'closed', reason: { code: 'timeout' } });
  });

  test('no keep-alive, however small, makes a busy loop, and no resume time overflows a timer', () => {
    const pair = new SessionPair({ keepAliveMs: 0, resumeMs: Number.MAX_SAFE_INTEGER });
    pair.attach();
    pair.clock.advance(10_000);
    expect(pair.sent.length).toBeLessThan(500);
  });
});

describe('resume', () => {
  /** A transfer both ways that is cut after each message in turn: both bodies must arrive whole. */
  test('T17: at any cut both streams are whole', () => {
    for (let cut = 0; cut < 60; cut++) {
      const pair = new SessionPair();
      let count = 0;
      pair.delivers = () => {
        if (count++ !== cut) return true;
        pair.clock.defer(() => pair.link!.cut());
        return cut % 2 === 0;
      };
      pair.attach({ maxMessageBytes: 3000 + 100 * cut });
      const { handler, body } = pair.open(50_000);
      pair.clock.settle();
      const answer = new ByteBody(-1);
      answer.add(50_000);
      if (pair.accepted[0]) {
        pair.accepted[0].stream.sendHead(Buffer.from('ok'), false);
        pair.accepted[0].stream.sendBody(answer);
      }
      pair.clock.settle();
      if (pair.a.state.state === 'detached') {
        pair.attach({ maxMessageBytes: 7000 });
        pair.clock.settle();
      }
      expect(pair.accepted[0]?.handler.received).toBe(50_000);
      body.finish();
      expect(handler.received).toBe(handler.heads.length > 0 ? 50_000 : 0);
      expect(pair.a.resumes).toBe(pair.b.resumes);
    }
  });

  test('T12: after the resume window everything ends with a definite error', () => {
    const pair = new SessionPair();
    pair.attach();
    const { handler } = pair.open();
    pair.clock.settle();
    pair.link!.cut();
    pair.clock.advance(29_999);
    expect(handler.events).toEqual([]);
    pair.clock.advance(1);
    expect(handler.events).toEqual(['reset 2 The peer did not answer in time.']);
    expect(pair.accepted[0]!.handler.events.at(-1)).toMatch(/^reset 2/);
    expect(pair.clock.pendingTimers).toBe(0);
    expect(() => pair.a.attach(pair.link!.a, 0)).toThrow(expect.objectContaining({ code: 'gone' }));
  });

  test('while no transport is there nothing gets an offset', () => {
    const pair = new SessionPair();
    const { stream } = pair.open(100);
    pair.clock.settle();
    expect([stream.delivery, pair.a.load.unackedBytes]).toEqual(['queued', 0]);
  });

  test('an offset above what was sent is gone, and changes nothing', () => {
    const pair = new SessionPair();
    const link = pair.attach();
    pair.open(100);
    pair.clock.settle();
    expect(() => pair.a.attach({ ...link.a, name: 'memory' }, 1e9)).toThrow(expect.objectContaining({ code: 'gone' }));
    expect(pair.a.state).toMatchObject({ state: 'attached', transport: link.a });
  });

  test('what the transport before still acks counts: an offset below is clamped', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.open(100);
    const old = pair.b.receivedOffset;
    pair.clock.advance(100);
    const { a: next, b } = pair.attach();
    pair.clock.settle();
    pair.a.attach(next, old);
    expect(pair.a.load.unackedBytes).toBe(0);
    expect(b.writable).toBe(true);
  });

  test('messages that were lost are sent again when the transport says so', () => {
    const pair = new SessionPair();
    const { a } = pair.attach();
    pair.clock.settle();
    let lose = true;
    pair.delivers = ({ towards }) => towards === 'a' || !lose;
    pair.open(1000);
    pair.clock.settle();
    lose = false;
    a.handler.onLost!(0);
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(1000);
  });

  test('a transport that throws is a lost one', () => {
    const pair = new SessionPair();
    const { a } = pair.attach();
    pair.clock.settle();
    a.send = () => {
      throw new Error('broken');
    };
    pair.open(10);
    pair.clock.settle();
    expect(pair.a.state.state).toBe('detached');
    pair.attach();
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(10);
  });

  test('a body that replaces the transport while it is read loses nothing', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.settle();
    const { body } = pair.open(10);
    const read = body.read.bind(body);
    let attached = false;
    body.read = (into, at, end) => {
      if (!attached) {
        attached = true;
        pair.attach();
      }
      return read(into, at, end);
    };
    pair.clock.settle();
    expect(pair.accepted[0]!.handler.received).toBe(10);
  });
});

describe('bounds', () => {
  test('T7: what is out of order is held within the announced bound and the budget of the process', () => {
    const reorderBudget = new WindowPool(700 * kib);
    const pair = new SessionPair({}, { maxUnackedBytes: 512 * kib, reorderBudget });
    pair.attach();
    pair.clock.settle();
    const { handler } = pair.link!.b;
    const piece = new Uint8Array(100 * kib);
    for (let i = 0; i < 20; i++) handler.onMessage(data(1 + i * piece.length, 0, piece));
    expect(pair.b.load.heldBytes).toBe(700 * kib);
    pair.b.close('closed');
    expect(reorderBudget.free).toBe(700 * kib);
  });

  test('a sender keeps to what the peer announced', () => {
    const pair = new SessionPair({ peerMaxUnackedBytes: 300 * kib });
    pair.delivers = ({ towards }) => towards === 'b';
    pair.attach();
    for (let i = 0; i < 20; i++) pair.open(60 * kib);
    pair.clock.settle();
    expect(pair.a.load.unackedBytes).toBeLessThanOrEqual(300 * kib);
    expect(pair.a.load.unackedBytes).toBeGreaterThan(200 * kib);
  });

  test('credit without an ack in return ends the session after 256 KiB of it', () => {
    const pair = new SessionPair({}, { maxStreams: 5000 });
    pair.attach();
    pair.clock.settle();
    pair.delivers = ({ towards }) => towards === 'b';
    const { handler } = pair.link!.b;
    pair.clock.settle();
    // Streams are opened and refused for ever, by a peer who acks nothing.
    let offset = pair.b.receivedOffset;
    pair.b.mux.goAway();
    for (let i = 1; i < 400_000 && pair.b.state.state === 'attached'; i++) {
      const id = [0x80 | (i >>> 24), (i >>> 16) & 255, (i >>> 8) & 255, i & 255];
      const bytes = Uint8Array.of(0x03, ...id, 0);
      handler.onMessage(data(offset, 0, bytes));
      offset += bytes.length;
      if (i % 1000 === 0) pair.clock.settle();
    }
    expect(pair.b.state).toMatchObject({ state: 'closed', reason: { code: 'protocol-error' } });
    expect(pair.b.load.unackedBytes).toBeLessThanOrEqual((1024 + 256 + 64) * kib);
  });
});
