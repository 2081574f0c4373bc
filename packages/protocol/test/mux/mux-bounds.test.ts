import { describe, expect, test } from 'vitest';
import { isRefusal, resetCodeOf } from '../../src/errors/index.js';
import { FrameType, maxHeadPayload, maxRefusalsOwed, WindowPool } from '../../src/mux/index.js';
import { frame, MuxPair, Recorder, text } from './mux-pair.js';

describe('bounds', () => {
  test('no more streams than agreed are open; the opener does not open them', () => {
    const pair = new MuxPair({ maxStreams: 3 });
    for (let i = 0; i < 3; i++) pair.open();
    expect(pair.opener.canOpen).toBe(false);
    expect(pair.opener.open(new Recorder())).toBeUndefined();
    pair.settle();
    pair.accepted[0]!.stream.sendHead(text('ok'), true);
    pair.settle();
    expect(pair.opener.canOpen).toBe(true);
  });

  test('the acceptor refuses what is beyond, and the handler is not called', () => {
    const pair = new MuxPair({}, { maxStreams: 2 });
    const streams = Array.from({ length: 5 }, () => pair.open());
    pair.settle();
    expect(pair.accepted.length).toBe(2);
    const codes = streams.slice(2).map(({ handler }) => Number(handler.events[0]?.split(' ')[1]));
    expect(codes.every(isRefusal)).toBe(true);
    expect(pair.opener.size).toBe(2);
  });

  test('a process has a bound of its own', () => {
    const streamPool = new WindowPool(2);
    const one = new MuxPair({ streamPool });
    const two = new MuxPair({ streamPool });
    const { stream } = one.open();
    two.open();
    expect([one.opener.canOpen, two.opener.canOpen]).toEqual([false, false]);
    stream.reset(0);
    expect(two.opener.canOpen).toBe(true);
    two.opener.abort(2, '');
    expect(streamPool.free).toBe(2);
  });

  test('resets that have not left count as open streams on either side', () => {
    const pair = new MuxPair({ maxStreams: 2 }, { maxStreams: 2 });
    pair.open();
    pair.open();
    pair.settle();
    for (const { stream } of pair.accepted) stream.reset(3);
    expect(pair.acceptor.size).toBe(0);
    pair.acceptor.receive(frame(FrameType.HeadEnd, 3, text('x')));
    expect(pair.accepted.length).toBe(2);
    pair.pull('acceptor');
    pair.acceptor.receive(frame(FrameType.HeadEnd, 4, text('x')));
    expect(pair.accepted.length).toBe(3);
  });

  test('T15: after a goaway nothing is opened, and heads that cross it are refused', () => {
    const pair = new MuxPair();
    const { handler } = pair.open(10);
    pair.acceptor.goAway();
    pair.carry('opener');
    expect(pair.accepted).toEqual([]);
    pair.carry('acceptor');
    expect(handler.events).toEqual([`reset ${resetCodeOf('draining')}`]);
    expect([pair.opener.canOpen, pair.opener.peerGoesAway]).toEqual([false, true]);
  });

  test('a goaway belongs to no stream', () => {
    const { opener } = new MuxPair();
    const received = (): void => opener.receive(frame(FrameType.GoAway, 5, new Uint8Array(0)));
    expect(received).toThrow(expect.objectContaining({ code: 'protocol-error' }));
  });

  test('refusals that cannot leave are bounded: then the session ends', () => {
    const pair = new MuxPair({}, { maxStreams: 0 });
    const heads = (from: number, count: number) => {
      for (let id = from; id < from + count; id++)
        pair.acceptor.receive(frame(FrameType.HeadEnd, id, new Uint8Array(0)));
    };
    heads(1, maxRefusalsOwed);
    expect(() => heads(maxRefusalsOwed + 1, 1)).toThrow(expect.objectContaining({ code: 'protocol-error' }));
  });

  test('a head above 56 KiB is the sender’s own fault', () => {
    const { stream } = new MuxPair().open();
    expect(() => stream.sendHead(new Uint8Array(maxHeadPayload + 1), true)).toThrow(
      expect.objectContaining({ code: 'head-too-large' }),
    );
  });

  test.each([
    [64, 64],
    [700, 700],
    [700, 3],
    [0x3fff, 0x3fff],
    [0x4000, 0x4000],
    [0x4000, 20],
    [maxHeadPayload, maxHeadPayload],
  ])('a head of at most %i bytes that is written when it leaves: %i bytes', (most, length) => {
    const pair = new MuxPair();
    const handler = new Recorder();
    const stream = pair.opener.open(handler)!;
    let asked = 0;
    const writeHead = (into: Uint8Array, at: number): number => {
      asked++;
      into.fill(0x61, at, at + length);
      return at + length;
    };
    stream.sendHeadOf({ headBytes: most, writeHead }, most, true);
    pair.open();
    expect([asked, pair.pull('opener', most).length]).toEqual([0, 0]); // No room for the most it may be.
    pair.settle();
    expect(asked).toBe(1);
    expect(pair.accepted.map(({ handler: heard }) => heard.heads)).toEqual([['a'.repeat(length)], ['head 2']]);
    expect(pair.accepted[0]!.handler.events).toEqual(['head-end']);
    expect(stream.delivery).toBe('acked');
  });

  test('a head that was not asked for before its stream ended never is', () => {
    const pair = new MuxPair();
    const stream = pair.opener.open(new Recorder())!;
    const writeHead = (): number => expect.unreachable();
    stream.sendHeadOf({ headBytes: 100, writeHead }, 100, true);
    stream.reset(resetCodeOf('visitor-gone'));
    pair.settle();
    expect(pair.accepted).toEqual([]);
    const { stream: other } = pair.open();
    expect(() => other.sendHeadOf({ headBytes: maxHeadPayload + 1, writeHead }, maxHeadPayload + 1, true)).toThrow(
      expect.objectContaining({ code: 'head-too-large' }),
    );
  });

  test('a trailer section above 56 KiB resets its stream, and stops no other', () => {
    const pair = new MuxPair();
    const { body, handler } = pair.open(10);
    body.finish(new Uint8Array(maxHeadPayload + 1));
    pair.open(10);
    pair.settle();
    expect(handler.events[0]).toContain('trailer');
    expect(pair.accepted.map(({ handler: h }) => h.received)).toEqual([10, 10]);
  });
});
