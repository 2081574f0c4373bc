import { expect } from 'vitest';
import { controlMessage, dataMessage, frame, newHello, pollBody, readMessages, send } from '../raw-poll.js';
import { openSession } from '../raw-session.js';
import { expectClosed, expectServes, type GatewayCase, open, request, urlOf } from './gateway-case.js';

/** The numbers of polls, and what is late, lost or unknown. */
export const pollCases: readonly GatewayCase[] = [
  {
    name: 'T12: an unknown session gets a close: gone',
    async run({ url }) {
      await expectClosed(request(url, 'poll', pollBody('nobody', 1, [], { number: 1 })), 'gone');
      await expectClosed(request(url, 'post', pollBody('nobody', 1, [dataMessage(0, 0)])), 'gone');
    },
  },
  {
    name: 'a session that was closed tells why it ended',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const reason = controlMessage(0x04, { code: 'closed', message: 'enough' });
      await session.post(reason).catch(() => {});
      await expectClosed(session.poll({ holdMs: 0 }), 'closed');
    },
  },
  {
    name: 'a poll is held until there is something, or for its hold',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const idle = await session.poll({ holdMs: 20 });
      expect(idle).toMatchObject({ counts: true, number: 1 });
      expect(idle.messages.length).toBeGreaterThan(0);
      const waits = session.poll();
      const visitor = fetch(urlOf(session, target));
      expect((await waits).number).toBe(2);
      await session.answer((await session.frame(0x03)).streamId, 'x');
      await (await visitor).text();
    },
  },
  {
    name: 'T19: what waits for the poll of a replica that does not come any more goes to another one',
    async run(gateway, target) {
      const silent = await open(gateway, target);
      const visitor = fetch(urlOf(silent, target));
      // The request is there when this is answered.
      await fetch(gateway.url, { method: 'HEAD' });
      const other = await open(gateway, target, { targets: [{ target, replica: 'two' }] });
      const { streamId } = await other.frame(0x03);
      await other.answer(streamId, 'served');
      expect(await (await visitor).text()).toBe('served');
    },
  },
  {
    name: 'T6: a repeat supersedes its twin, which gets a void answer',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const twin = session.poll({ number: 1 });
      const repeat = session.poll({ number: 1 });
      // Either may arrive first.
      expect(await Promise.race([twin, repeat])).toEqual({ counts: false, number: 1, messages: [] });
      const visitor = fetch(urlOf(session, target));
      expect((await Promise.all([twin, repeat])).filter((each) => each.counts).length).toBe(1);
      await session.answer((await session.frame(0x03)).streamId, 'served');
      expect(await (await visitor).text()).toBe('served');
    },
  },
  {
    name: 'the answer of a poll that is repeated counts as lost, and its bytes come again',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const visitor = fetch(urlOf(session, target));
      const poll = pollBody(session.id, session.attach, [dataMessage(0, 0)], { number: 1 });
      const first = await request(gateway.url, 'poll', poll);
      const again = await request(gateway.url, 'poll', poll);
      expect(again).toMatchObject({ counts: true, number: 1 });
      expect(Buffer.concat([...again.messages])).toEqual(Buffer.concat([...first.messages]));
      await session.answer((await session.frame(0x03)).streamId, 'x');
      expect(await (await visitor).text()).toBe('x');
    },
  },
  {
    name: 'a poll below the lowest is a ghost, and gets a void answer',
    async run(gateway, target) {
      const session = await open(gateway, target);
      await session.poll({ holdMs: 0 });
      await session.poll({ holdMs: 0 });
      expect(await session.poll({ number: 1, lowest: 1, holdMs: 0 })).toMatchObject({ counts: false, number: 1 });
      await expectServes(session, target);
    },
  },
  {
    name: 'a session moves to a higher attach with its requests, and the older one is void',
    async run(gateway, target) {
      const hello = newHello(target, gateway.token);
      const older = await openSession(gateway.url, hello);
      const visitor = fetch(urlOf(older, target));
      const { streamId } = await older.frame(0x03);
      const resume = { session: older.id, offset: older.received };
      const newer = await openSession(gateway.url, { ...hello, attach: 2, resume });
      expect(newer.id).toBe(older.id);
      expect(newer.welcome.offset).toBe(older.sent);
      expect(await older.poll({ holdMs: 0 })).toMatchObject({ counts: false, number: 0 });
      newer.received = older.received;
      await newer.answer(streamId, 'moved');
      expect(await (await visitor).text()).toBe('moved');
    },
  },
  {
    name: 'a resumed session gets again what it has not acknowledged',
    async run(gateway, target) {
      const hello = newHello(target, gateway.token);
      const older = await openSession(gateway.url, hello);
      const visitor = fetch(urlOf(older, target));
      await older.frame(0x03);
      const resume = { session: older.id, offset: 0 };
      const newer = await openSession(gateway.url, { ...hello, attach: 2, resume });
      await newer.answer((await newer.frame(0x03)).streamId, 'again');
      expect(await (await visitor).text()).toBe('again');
    },
  },
  {
    name: 'T2: bytes ahead of a gap are never taken for the next ones',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const far = await session.post(dataMessage(2 ** 52, 0, frame(0x13, 0)));
      expect(far.messages[0]).toEqual(dataMessage(0, 0));
      await session.post(dataMessage(10, 0, frame(0x20, 0)));
      await expectServes(session, target);
    },
  },
  {
    name: 'T20: an unknown frame with an even number is skipped',
    async run(gateway, target) {
      const session = await open(gateway, target);
      await session.write(frame(0x20, 0, 'grease'), frame(0x02, 999), frame(0xfe, 0, Buffer.alloc(65_536)));
      await expectServes(session, target);
    },
  },
  {
    name: 'a hello, welcome or refuse among the messages is ignored',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const stray = [0x01, 0x02, 0x03].map((kind) => controlMessage(kind, { code: 'gone' }));
      await session.post(...stray, Buffer.from([0x01]));
      await expectServes(session, target);
    },
  },
  {
    name: 'a body that is no poll is 400, and does no harm to the session',
    async run(gateway, target) {
      const session = await open(gateway, target);
      for (const body of ['', '21', '20', '22ff', 'ff'.repeat(100)]) {
        const { status } = await send(gateway.url, 'poll', Buffer.from(body, 'hex'));
        expect(status, body).toBe(400);
      }
      await expectServes(session, target);
    },
  },
  {
    name: 'T14: a flood of requests that bring nothing is refused with 429 and Retry-After, then ends the session: protocol-error',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const body = new Uint8Array(pollBody(session.id, 1, [dataMessage(0, 0)]));
      const url = `${gateway.url}/.well-known/reverse-http/post`;
      const seen = new Set<string>();
      const ask = async (): Promise<void> => {
        const answer = await fetch(url, { method: 'POST', body });
        const bytes = Buffer.from(await answer.arrayBuffer());
        if (answer.status === 200) readMessages({ status: 200, bytes });
        else seen.add(`${answer.status}, again after ${answer.headers.get('retry-after')} s`);
      };
      const results = await Promise.allSettled(Array.from({ length: 1000 }, ask));
      const codes = results.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []));
      expect(new Set(codes)).toEqual(new Set(['protocol-error']));
      expect(seen).toEqual(new Set(['429, again after 1 s']));
    },
  },
];
