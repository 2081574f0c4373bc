import { expect } from 'vitest';
import { dataMessage, frame, integer } from '../raw-poll.js';
import type { RawSession } from '../raw-session.js';
import { expectServes, type GatewayCase, open, urlOf } from './gateway-case.js';

/** How requests reach a connector. */
export const exchangeCases: readonly GatewayCase[] = [
  {
    name: 'a request comes as a head with its metadata, and its answer reaches the visitor',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const visitor = fetch(`${urlOf(session, target)}path?query`);
      const { type, streamId, payload } = await session.frame();
      expect(type).toBe(0x03);
      const lines = payload.toString('latin1').split('\r\n');
      expect(lines[0]).toBe('GET /path?query HTTP/1.1');
      expect(lines.slice(-2)).toEqual(['', '']);
      expect(lines.filter((line) => line.startsWith(':'))).toContainEqual(expect.stringMatching(/^:peer \S+ \d+$/));
      expect(lines.join('\n')).not.toMatch(/^(transfer-encoding|connection|keep-alive):/im);
      await session.answer(streamId, 'yes');
      expect(await (await visitor).text()).toBe('yes');
    },
  },
  {
    name: 'a body comes in data frames, within the credit of 64 KiB until more is granted',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const visitor = fetch(urlOf(session, target), { method: 'POST', body: 'x'.repeat(70_000) });
      const { streamId, type } = await session.frame();
      expect(type).toBe(0x01);
      let bytes = 0;
      while (bytes < 65_536) bytes += (await session.frame(0x05)).payload.length;
      expect(bytes).toBe(65_536);
      await session.write(frame(0x0b, streamId, integer(10_000)));
      for (let last = false; !last; ) {
        const each = await session.frame();
        if (each.type !== 0x05 && each.type !== 0x07) continue;
        bytes += each.payload.length;
        last = each.type === 0x07;
      }
      expect(bytes).toBe(70_000);
      await session.answer(streamId, 'all');
      expect(await (await visitor).text()).toBe('all');
    },
  },
  {
    name: 'an answer may come byte by byte, in messages that overlap and out of order',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const visitor = fetch(urlOf(session, target));
      const { streamId } = await session.frame();
      const bytes = Buffer.concat([
        frame(0x01, streamId, 'HTTP/1.1 200 OK\r\n\r\n'),
        frame(0x05, streamId, 'ab'),
        frame(0x07, streamId, 'c'),
      ]);
      const messages: Buffer[] = [];
      for (let at = 0; at < bytes.length; at++) {
        messages.push(dataMessage(session.sent + at, session.received, bytes.subarray(at, at + 2)));
      }
      session.sent += bytes.length;
      await session.post(...messages.reverse());
      expect(await (await visitor).text()).toBe('abc');
    },
  },
  {
    name: 'an answer that breaks the rules is reset with 4, and the visitor gets 502',
    async run(gateway, target) {
      const session = await open(gateway, target);
      for (const head of [
        'HTTP/1.1 200 OK\r\nA : b\r\n\r\n',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        'HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n',
        'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n',
        'HTTP/1.1 200 OK\r\n',
        'HTTP/1.1 999\r\n\r\n',
      ]) {
        const visitor = fetch(urlOf(session, target));
        const { streamId } = await session.frame(0x03);
        await session.write(frame(0x01, streamId, head));
        const reset = await session.frame(0x0d);
        expect([reset.streamId, reset.payload[0]], head).toEqual([streamId, 4]);
        expect((await visitor).status, head).toBe(502);
      }
      await expectServes(session, target);
    },
  },
  {
    name: 'frames of an answer in the wrong order are reset with 4, and the session goes on',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n';
      for (const frames of [
        [[0x05, 'a body before its head']],
        [[0x09, '\r\n']],
        [[0x11, 'HTTP/1.1 200 OK\r\n\r\n']],
        [[0x01, 'HTTP/1.1 103 Early Hints\r\n\r\n']],
        [
          [0x01, head],
          [0x01, head],
        ],
        [
          [0x01, head],
          [0x07, 'xy'],
        ],
        [
          [0x01, head],
          [0x07, 'wxyz'],
        ],
        [[0x03, head]],
      ] as const) {
        const visitor = fetch(urlOf(session, target)).then((response) => response.arrayBuffer());
        visitor.catch(() => {});
        const { streamId } = await session.frame(0x03);
        await session.write(...frames.map(([type, text]) => frame(type, streamId, text)));
        const reset = await session.frame(0x0d);
        expect([reset.streamId, reset.payload[0]], JSON.stringify(frames)).toEqual([streamId, 4]);
      }
      await expectServes(session, target);
    },
  },
  {
    name: 'a reset is told to the visitor by its status',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const statuses: Record<number, number> = {};
      for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 99]) {
        const visitor = fetch(urlOf(session, target));
        const { streamId } = await session.frame(0x03);
        await session.write(frame(0x0d, streamId, integer(code)));
        statuses[code] = (await visitor).status;
      }
      const bad = { 0: 502, 2: 502, 3: 500, 4: 502, 5: 502, 6: 502, 99: 502 };
      expect(statuses).toEqual({ ...bad, 1: 503, 7: 503, 8: 504, 10: 400, 11: 413 });
    },
  },
  {
    name: 'a request that was refused with 7 goes to another replica',
    async run(gateway, target) {
      const replica = (name: string): Promise<RawSession> =>
        open(gateway, target, { targets: [{ target, replica: name }] });
      const sessions = [await replica('one'), await replica('two')];
      const visitor = fetch(urlOf(sessions[0]!, target));
      const refuses = async (session: RawSession): Promise<boolean> => {
        const { streamId } = await session.frame(0x03);
        if (refused) return Boolean(await session.answer(streamId, 'the other'));
        refused = true;
        return Boolean(await session.write(frame(0x0d, streamId, integer(7))));
      };
      let refused = false;
      await Promise.all(sessions.map(refuses));
      expect(await (await visitor).text()).toBe('the other');
    },
  },
  {
    name: 'an answer before the end of the request is whole, although a reset with 0 follows',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const visitor = fetch(urlOf(session, target), { method: 'POST', body: 'x'.repeat(100_000) });
      const { streamId } = await session.frame(0x01);
      await session.write(
        frame(0x01, streamId, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n'),
        frame(0x07, streamId, 'no'),
        frame(0x0d, streamId, integer(0)),
      );
      const response = await visitor;
      expect([response.status, await response.text()]).toEqual([403, 'no']);
    },
  },
  {
    name: 'a visitor that leaves is a reset with 0',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const leaving = new AbortController();
      const visitor = fetch(urlOf(session, target), { signal: leaving.signal });
      const { streamId } = await session.frame(0x03);
      leaving.abort();
      await visitor.catch(() => {});
      const reset = await session.frame(0x0d);
      expect([reset.streamId, reset.payload[0]]).toEqual([streamId, 0]);
      // What crossed it is ignored.
      await session.answer(streamId, 'late');
      await expectServes(session, target);
    },
  },
];
