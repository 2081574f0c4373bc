import { expect } from 'vitest';
import { controlMessage, newHello, send } from '../raw-poll.js';
import { openSession } from '../raw-session.js';
import { expectClosed, expectServes, type GatewayCase, open, readRefusal } from './gateway-case.js';

/** How a hello is answered. */
export const helloCases: readonly GatewayCase[] = [
  refusal('a wrong token is refused: unauthorized', 'unauthorized', { token: 'wrong' }),
  refusal('no token is refused: unauthorized', 'unauthorized', { token: undefined }),
  refusal('a target that is no name is refused: bad-target', 'bad-target', {
    targets: [{ target: '../x', replica: 'one' }],
  }),
  refusal('T20: another version is refused: version', 'version', { versions: [99] }),
  refusal('no targets are refused: bad-target', 'bad-target', { targets: [] }),
  refusal('a target that is named twice is refused: bad-target', 'bad-target', {
    targets: [
      { target: 'A', replica: 'one' },
      { target: 'a', replica: 'two' },
    ],
  }),
  refusal('more than 256 targets are refused: bad-hello', 'bad-hello', {
    targets: Array.from({ length: 257 }, (_, i) => ({ target: `t${i}`, replica: 'one' })),
  }),
  refusal('a target without a replica is refused: bad-hello', 'bad-hello', { targets: [{ target: 'A' }] }),
  refusal('a short key is refused: bad-hello', 'bad-hello', { key: '00' }),
  refusal('a member of another type is refused: bad-hello', 'bad-hello', { attach: 'first' }),
  refusal('a session that nobody knows is not resumed: gone', 'gone', {
    attach: 2,
    resume: { session: 'nobody.knows', offset: 0 },
  }),
  {
    name: 'bytes that are no hello are refused: bad-hello',
    async run({ url }) {
      for (const bytes of ['ff', '', '017b', '0200', '01ff', '015b5d']) {
        expect(readRefusal(await send(url, 'hello', Buffer.from(bytes, 'hex'))), bytes).toBe('bad-hello');
      }
    },
  },
  {
    name: 'a hello above 16 KiB is not read: 413',
    async run({ url, token }, target) {
      const hello = controlMessage(0x01, newHello(target, token, { x: 'x'.repeat(17_000) }));
      expect((await send(url, 'hello', hello)).status).toBe(413);
    },
  },
  {
    name: 'members that are not known are ignored',
    async run(gateway, target) {
      await open(gateway, target, { unknown: { a: [1, 'x'] } });
    },
  },
  {
    name: 'T22: the same hello again gets the same welcome again',
    async run({ url, token }, target) {
      const hello = controlMessage(0x01, newHello(target, token));
      const first = await send(url, 'hello', hello);
      expect(first.bytes[0]).toBe(0x02);
      expect((await send(url, 'hello', hello)).bytes).toEqual(first.bytes);
    },
  },
  {
    name: 'a lower attach is refused stale, without effect',
    async run(gateway, target) {
      const hello = newHello(target, gateway.token, { attach: 3 });
      const session = await openSession(gateway.url, hello);
      const late = await send(gateway.url, 'hello', controlMessage(0x01, { ...hello, attach: 2 }));
      expect(readRefusal(late)).toBe('stale');
      await expectServes(session, target);
    },
  },
  {
    name: 'an offset above what was sent is not resumed: gone',
    async run(gateway, target) {
      const hello = newHello(target, gateway.token);
      const { id } = await openSession(gateway.url, hello);
      const again = { ...hello, attach: 2, resume: { session: id, offset: 1000 } };
      expect(readRefusal(await send(gateway.url, 'hello', controlMessage(0x01, again)))).toBe('gone');
    },
  },
  {
    name: 'T22: a newer start of the same replica replaces the older: replaced',
    async run(gateway, target) {
      const older = await open(gateway, target);
      const told = expectClosed(older.poll(), 'replaced');
      const newer = await open(gateway, target);
      await told;
      await expectServes(newer, target);
    },
  },
  {
    name: 'a standby is welcome where the place is free',
    async run(gateway, target) {
      await expectServes(await open(gateway, target, { standby: true }), target);
    },
  },
  {
    name: 'T22: a standby is refused while the place is taken: standby',
    async run(gateway, target) {
      const session = await open(gateway, target);
      const asks = newHello(target, gateway.token, { standby: true });
      expect(readRefusal(await send(gateway.url, 'hello', controlMessage(0x01, asks)))).toBe('standby');
      await expectServes(session, target);
    },
  },
];

function refusal(name: string, code: string, members: object): GatewayCase {
  return {
    name,
    async run({ url, token }, target) {
      const hello = controlMessage(0x01, newHello(target, token, members));
      expect(readRefusal(await send(url, 'hello', hello))).toBe(code);
    },
  };
}
