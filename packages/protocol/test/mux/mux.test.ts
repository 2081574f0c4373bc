import { describe, expect, test } from 'vitest';
import { FrameType, initialWindow, maxHeadPayload, maxWindow, quantum, WindowPool } from '../../src/mux/index.js';
import { readVarint, varintSize } from '../../src/pipe/index.js';
import { ByteBody } from '../sim/byte-body.js';
import { frame, MuxPair, Recorder, text } from './mux-pair.js';

const kib = 1024;

/** Bytes of data of each stream in the pulled bytes, in order of frames. */
function dataFrames(bytes: Uint8Array): { id: number; length: number }[] {
  const frames: { id: number; length: number }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = readVarint(bytes, at + 2);
    if (bytes[at] === FrameType.Data || bytes[at] === FrameType.DataEnd) frames.push({ id: bytes[at + 1]!, length });
    at += 2 + varintSize(bytes[at + 2]!) + length;
  }
  return frames;
}

describe('streams', () => {
  test('a request and its answer, with trailers', () => {
    const pair = new MuxPair();
    const { stream, handler, body } = pair.open(1000);
    body.finish();
    pair.settle();
    const { stream: other, handler: heard } = pair.accepted[0]!;
    expect(heard).toMatchObject({ heads: ['head 1'], events: ['head', 'end'], received: 1000 });
    const answer = new ByteBody(9);
    answer.add(50);
    answer.finish(text('A: b\r\n\r\n'));
    other.sendInterim(text('early'));
    other.sendHead(text('ok'), false);
    other.sendBody(answer);
    pair.settle();
    expect(handler).toMatchObject({ heads: ['early', 'ok'], events: ['interim', 'head', 'trailers'], received: 50 });
    expect([stream.closed, other.closed, pair.opener.size, pair.acceptor.size]).toEqual([true, true, 0, 0]);
  });

  test('T19: when the peer may be gone, those are told whose head has not left', () => {
    const pair = new MuxPair();
    const stalled: string[] = [];
    const open = (name: string) => Object.assign(pair.open().handler, { onStalled: () => stalled.push(name) });
    open('sent');
    pair.settle();
    open('queued');
    pair.opener.stall();
    expect(stalled).toEqual(['queued']);
  });

  test('T19: how far a request got is known', () => {
    const pair = new MuxPair();
    const { stream } = pair.open();
    expect(stream.delivery).toBe('queued');
    pair.pull('opener');
    expect(stream.delivery).toBe('sent');
    pair.acked.opener = pair.offsets.opener;
    expect(stream.delivery).toBe('acked');
  });

  test('a stream that is reset before its head left is never heard of', () => {
    const pair = new MuxPair();
    const { stream } = pair.open(100);
    stream.reset(0);
    pair.settle();
    expect(stream.delivery).toBe('queued');
    expect(pair.accepted).toEqual([]);
    pair.open();
    pair.settle();
    expect(pair.accepted.map(({ stream: s }) => s.id)).toEqual([2]);
  });

  test('T18: control goes before heads, heads before data', () => {
    const pair = new MuxPair();
    const first = pair.open(200 * kib);
    pair.settle();
    pair.accepted[0]!.stream.consumed(64 * kib);
    pair.carry('acceptor');
    const second = pair.open(10);
    const third = pair.open();
    pair.settle();
    third.stream.reset(3);
    const bytes = [...pair.pull('opener', 16)];
    expect(bytes[0]).toBe(FrameType.Reset);
    expect([first, second].every(({ stream }) => !stream.closed)).toBe(true);
  });

  test('T18: streams take turns, whatever each has to send', () => {
    const pair = new MuxPair();
    const streams = [pair.open(60 * kib), pair.open(60 * kib), pair.open(10), pair.open(60 * kib)];
    for (const { body } of streams) body.finish();
    const frames = dataFrames(pair.pull('opener', 512 * kib));
    expect(frames.slice(0, 4).map((f) => f.id)).toEqual([1, 2, 3, 4]);
    for (let i = 4; i + 3 <= frames.length; i += 3) expect(frames.slice(i, i + 3).map((f) => f.id)).toEqual([1, 2, 4]);
    expect(Math.max(...frames.map((f) => f.length))).toBe(quantum);
  });

  test('a stream that is alone sends frames as long as there may be', () => {
    const pair = new MuxPair();
    pair.open(60 * kib);
    expect(dataFrames(pair.pull('opener', 512 * kib)).map(({ length }) => length)).toEqual([60 * kib]);
  });

  test('a body that has a whole frame waiting is told as much, each time', () => {
    const told: boolean[] = [];
    const pair = new MuxPair({ onPending: (isMuch) => void told.push(isMuch) });
    const { stream } = pair.open(10);
    told.length = 0;
    stream.wake(1000);
    stream.wake(64 * kib - 1);
    stream.wake(64 * kib);
    stream.wake();
    stream.wake(100 * kib);
    expect(told).toEqual([true, true]);
  });

  test('a turn that the room cut short goes on with the next pull', () => {
    const pair = new MuxPair();
    pair.open(60 * kib);
    pair.open(60 * kib);
    const ids = Array.from({ length: 12 }, () => dataFrames(pair.pull('opener', 5000)).map((f) => f.id)).flat();
    expect(ids.join('')).toMatch(/^1+2+1+2+/);
    const sums = [1, 2].map((id) => ids.filter((i) => i === id).length);
    expect(Math.abs(sums[0]! - sums[1]!)).toBeLessThanOrEqual(4);
  });

  test('a large trailer section is not starved by busy streams', () => {
    const pair = new MuxPair();
    for (let i = 0; i < 6; i++) pair.open(60 * kib);
    const { body, handler } = pair.open(10);
    body.finish(new Uint8Array(50 * kib).fill(65));
    for (let i = 0; i < 40; i++) pair.acceptor.receive(pair.pull('opener', 64 * kib));
    expect(handler.events).toEqual([]);
    expect(pair.accepted[6]!.handler.events).toEqual(['head', 'trailers']);
  });
});

describe('credit', () => {
  test('nobody sends more than was granted; a grant lets it go on', () => {
    const pair = new MuxPair();
    pair.open(200 * kib);
    pair.settle();
    const { stream, handler } = pair.accepted[0]!;
    expect(handler.received).toBe(initialWindow);
    stream.consumed(32 * kib);
    pair.settle();
    expect(handler.received).toBe(initialWindow + 32 * kib);
  });

  test('the end needs no credit', () => {
    const pair = new MuxPair();
    const { body } = pair.open(initialWindow);
    body.finish();
    pair.settle();
    expect(pair.accepted[0]!.handler.events).toEqual(['head', 'end']);
  });

  test('T18: one stream without credit stops no other', () => {
    const pair = new MuxPair();
    pair.open(200 * kib);
    pair.settle();
    pair.open(10);
    pair.settle();
    expect(pair.accepted[1]!.handler.received).toBe(10);
  });

  test('more data than was granted ends the session, and so does credit beyond reason', () => {
    const pair = new MuxPair();
    pair.open(initialWindow);
    pair.settle();
    const data = () => pair.acceptor.receive(frame(FrameType.Data, 1, new Uint8Array(1)));
    expect(data).toThrow(expect.objectContaining({ code: 'flow-control' }));
    const most = new Uint8Array(8).fill(0xff);
    most[0] = 0xc0;
    most[1] = 0x1f;
    const credit = () => pair.opener.receive(frame(FrameType.Credit, 1, most));
    expect(() => [credit(), credit()]).toThrow(expect.objectContaining({ code: 'flow-control' }));
  });

  test('any interim heads fit the window in the end, if their credit comes back', () => {
    const pair = new MuxPair();
    const { stream } = pair.open();
    pair.settle();
    const { stream: answering } = pair.accepted[0]!;
    const sizes = [30 * kib, maxHeadPayload, 7 * kib, maxHeadPayload, maxHeadPayload];
    for (const size of sizes) answering.sendInterim(new Uint8Array(size));
    answering.sendHead(text('ok'), true);
    const heads: number[] = [];
    stream.handler = Object.assign(new Recorder(), {
      onHead: (bytes: Uint8Array, interim: boolean) => {
        heads.push(bytes.length);
        if (interim) stream.consumed(bytes.length);
      },
    });
    pair.settle();
    expect(heads).toEqual([...sizes, 2]);
  });

  test('interim heads whose credit is kept back stop', () => {
    const pair = new MuxPair();
    const { handler } = pair.open();
    pair.settle();
    for (let i = 0; i < 100; i++) pair.accepted[0]!.stream.sendInterim(new Uint8Array(kib));
    pair.settle();
    expect(handler.heads.length).toBe(64);
  });

  test('credit for a stream that is gone is for nobody', () => {
    const pair = new MuxPair();
    const { stream } = pair.open(100 * kib);
    const other = pair.open(100 * kib);
    pair.settle();
    stream.reset(0);
    pair.settle();
    pair.accepted[0]!.stream.consumed(64 * kib);
    pair.opener.receive(frame(FrameType.Credit, 1, Uint8Array.of(5)));
    pair.settle();
    expect(other.body.offset).toBe(initialWindow);
  });
});

describe('windows', () => {
  function consumeAll(pair: MuxPair, rounds: number, tripMs: number): void {
    for (let i = 0; i < rounds; i++) {
      pair.now += tripMs;
      for (const { stream, handler } of pair.accepted) {
        stream.consumed(handler.received);
        handler.received = 0;
      }
      pair.settle();
    }
  }

  test('grow while they are used up within four round trips, as by polling they are in two or three, to 16 MiB at most', () => {
    const pair = new MuxPair();
    pair.roundTripMs = 100;
    pair.open(1024 * 1024 * kib);
    pair.settle();
    consumeAll(pair, 20, 390);
    expect(pair.acceptor.windows.free).toBe(32 * 1024 * kib - maxWindow + initialWindow);
  });

  test('do not grow for a slow reader, nor before a round trip is known', () => {
    const pair = new MuxPair();
    pair.open(1024 * 1024 * kib);
    pair.settle();
    consumeAll(pair, 5, 1);
    pair.roundTripMs = 10;
    consumeAll(pair, 5, 100);
    expect(pair.acceptor.windows.free).toBe(32 * 1024 * kib);
  });

  test('an empty pool means no growth, never a stall; of two pools the emptier counts', () => {
    const process = new WindowPool(200 * kib);
    const pair = new MuxPair({}, { windows: new WindowPool(undefined, process) });
    pair.roundTripMs = 100;
    const { body } = pair.open(1024 * 1024 * kib);
    pair.settle();
    consumeAll(pair, 20, 100);
    expect(process.free).toBe(200 * kib - 192 * kib);
    const before = body.offset;
    consumeAll(pair, 1, 100);
    expect(body.offset - before).toBeGreaterThanOrEqual(128 * kib);
  });

  test('are given back when their stream ends, however it ends', () => {
    const pair = new MuxPair();
    pair.roundTripMs = 100;
    const streams = [pair.open(9e9), pair.open(9e9), pair.open(9e9)];
    pair.settle();
    consumeAll(pair, 4, 100);
    expect(pair.acceptor.windows.free).toBeLessThan(32 * 1024 * kib);
    streams[0]!.stream.reset(0);
    pair.accepted[1]!.stream.reset(3);
    pair.settle();
    pair.acceptor.abort(2, 'lost');
    expect(pair.acceptor.windows.free).toBe(32 * 1024 * kib);
    expect(streams[1]!.handler.events).toEqual(['reset 3']);
  });
});

describe('ends', () => {
  test('a reset of ours silences the stream; late frames of the peer are passed over', () => {
    const pair = new MuxPair();
    const { stream, handler } = pair.open(10);
    pair.settle();
    pair.accepted[0]!.stream.sendHead(text('ok'), true);
    const late = pair.pull('acceptor');
    stream.reset(0);
    pair.opener.receive(late);
    expect(handler.events).toEqual([]);
    pair.settle();
    expect(pair.acceptor.size).toBe(0);
  });

  test('frames for a stream that never was, or whose head has not left, end the session', () => {
    const pair = new MuxPair();
    pair.open();
    for (const type of [FrameType.HeadEnd, FrameType.Data, FrameType.Trailers, FrameType.Reset]) {
      for (const id of [0, 1, 2]) {
        expect(() => pair.opener.receive(frame(type, id, Uint8Array.of(1)))).toThrow('never was');
      }
    }
    expect(() => pair.acceptor.receive(frame(FrameType.Data, 1, Uint8Array.of(1)))).toThrow('never was');
  });

  test('anything after the end ends the session', () => {
    for (const type of [FrameType.Data, FrameType.DataEnd, FrameType.Trailers]) {
      const pair = new MuxPair();
      pair.open();
      pair.settle();
      expect(() => pair.acceptor.receive(frame(type, 1, Uint8Array.of(1)))).toThrow('after the end');
      expect(() => pair.acceptor.receive(frame(FrameType.Head, 1, Uint8Array.of(1)))).toThrow('unexpected head');
      expect(() => pair.acceptor.receive(frame(FrameType.Interim, 2, Uint8Array.of(1)))).toThrow('unexpected head');
    }
  });

  test('a side that wants no more bytes says so once its own have left', () => {
    const pair = new MuxPair();
    const { handler, body } = pair.open(100 * kib);
    pair.settle();
    const { stream } = pair.accepted[0]!;
    stream.stopReading();
    const answer = new ByteBody(1);
    answer.add(100);
    stream.sendHead(text('ok'), false);
    stream.sendBody(answer);
    pair.settle();
    expect(handler.events).toEqual(['head']);
    answer.finish();
    stream.wake();
    pair.settle();
    expect(handler.events).toEqual(['head', 'end', 'reset 0']);
    expect([handler.received, body.offset, pair.opener.size, pair.acceptor.size]).toEqual([100, initialWindow, 0, 0]);
  });

  test('after an abort nothing is opened, sent or heard', () => {
    const pair = new MuxPair();
    const { handler } = pair.open(10);
    const bytes = pair.pull('opener').slice();
    pair.opener.abort(2, 'no latin1: \u4e2d');
    pair.opener.abort(2, 'again');
    expect(handler.events).toEqual(['reset 2 no latin1: \u4e2d']);
    expect(pair.opener.canOpen).toBe(false);
    expect(pair.pull('opener').length).toBe(0);
    pair.acceptor.abort(2, '');
    pair.acceptor.receive(bytes);
    expect(pair.accepted).toEqual([]);
  });

  test('T20: now and then a frame goes that means nothing, and nothing comes of it', () => {
    const pair = new MuxPair({ random: () => 0 });
    pair.open(10);
    const bytes = pair.pull('opener');
    expect([...bytes.subarray(-3)]).toEqual([FrameType.Grease, 0, 0]);
    pair.acceptor.receive(bytes);
    expect(pair.accepted[0]!.handler.received).toBe(10);
  });
});
