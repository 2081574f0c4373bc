import { describe, expect, test } from 'vitest';
import { initialWindow } from '../../src/mux/index.js';
import { MessageKind } from '../../src/pipe/index.js';
import { encodeControl } from '../../src/session/index.js';
import { data, SessionPair } from './session-pair.js';

const kib = 1024;

describe('the end', () => {
  test('is told once, whatever is repeated', () => {
    const states: string[] = [];
    const pair = new SessionPair({}, { onStateChanged: ({ state }) => states.push(state) });
    const { b } = pair.attach();
    const { handler: transport } = b;
    pair.clock.settle();
    pair.a.close('draining');
    pair.a.close('kicked');
    pair.clock.settle();
    transport.onMessage(encodeControl(MessageKind.Close, { code: 'kicked', message: '' }));
    expect(pair.b.state).toMatchObject({ state: 'closed', reason: { code: 'draining' } });
    expect(states).toEqual(['attached', 'attached', 'closed']);
    expect(pair.clock.pendingTimers).toBe(0);
  });

  test('a message with more than latin1 reaches the exchanges', () => {
    const pair = new SessionPair();
    pair.attach();
    const { handler } = pair.open();
    pair.clock.settle();
    pair.link!.a.handler.onMessage(encodeControl(MessageKind.Close, { code: 'closed', message: '\u4e2d' }));
    expect(handler.events).toEqual(['reset 2 \u4e2d']);
  });

  test('a handler may end the session from within a message', () => {
    const pair = new SessionPair();
    pair.attach();
    const { b } = pair;
    pair.accepted.push = (entry) => {
      b.close('closed');
      return Array.prototype.push.call(pair.accepted, entry);
    };
    const first = pair.open();
    pair.open();
    pair.clock.settle();
    expect(b.state.state).toBe('closed');
    expect(first.handler.events.at(-1)).toMatch(/^reset/);
    expect(b.mux.size).toBe(0);
  });

  test('a handler or a body that throws ends the session, for what was around it is lost; the error is not swallowed', () => {
    for (const where of ['handler', 'body']) {
      const pair = new SessionPair();
      pair.attach();
      const { body, handler, stream } = pair.open(10);
      const fail = () => {
        throw new Error('a bug');
      };
      if (where === 'body') body.read = fail;
      else pair.accepted.push = fail;
      expect(() => pair.clock.settle()).toThrow('a bug');
      pair.clock.settle();
      const { state } = where === 'body' ? pair.a : pair.b;
      expect(state).toMatchObject({ state: 'closed', reason: { code: 'closed' } });
      if (where === 'body') expect([stream.closed, handler.events.length]).toEqual([true, 1]);
    }
  });

  test.each([
    ['an unknown kind', Uint8Array.of(0x40, 0, 0), 'protocol-error'],
    ['an empty message', new Uint8Array(0), 'protocol-error'],
    ['half a header', Uint8Array.of(0x10), 'protocol-error'],
    ['an ack of what was never sent', data(0, 1_000_000), 'protocol-error'],
    ['an unknown critical frame', data(0, 0, Uint8Array.of(0x13, 0, 0)), 'protocol-error'],
    ['data for a stream that never was', data(0, 0, Uint8Array.of(5, 9, 1, 0)), 'protocol-error'],
  ])('%s ends it with one code, for both', (_name, bytes, code) => {
    const pair = new SessionPair();
    pair.attach();
    pair.clock.settle();
    pair.link!.b.handler.onMessage(bytes);
    pair.clock.settle();
    expect(pair.b.state).toMatchObject({ state: 'closed', reason: { code } });
    expect(pair.a.state).toMatchObject({ state: 'closed', reason: { code } });
  });

  test('a handshake that comes twice, and late, is passed over', () => {
    const pair = new SessionPair();
    pair.attach();
    for (const kind of [MessageKind.Hello, MessageKind.Welcome, MessageKind.Refuse]) {
      pair.link!.a.handler.onMessage(Uint8Array.of(kind, 0x7b, 0x7d));
    }
    expect(pair.a.state.state).toBe('attached');
  });

  test('a peer that takes more than it was granted ends with flow-control', () => {
    const pair = new SessionPair();
    pair.attach();
    pair.open(initialWindow);
    pair.clock.settle();
    pair.accepted[0]!.handler.consumes = false;
    const offset = pair.b.receivedOffset;
    const frame = new Uint8Array(5 + 60 * kib);
    frame.set([0x05, 0x01, 0x80, 0x00, 0xf0]);
    frame[5] = 0;
    const bytes = new Uint8Array(6 + 60 * kib);
    bytes.set([0x05, 0x01, 0x80, 0x00, 0xf0, 0x00]);
    pair.accepted[0]!.handler.onData = () => {};
    pair.link!.b.handler.onMessage(data(offset, 0, bytes));
    pair.link!.b.handler.onMessage(data(offset + bytes.length, 0, bytes));
    expect(pair.b.state).toMatchObject({ state: 'closed', reason: { code: 'flow-control' } });
  });
});
