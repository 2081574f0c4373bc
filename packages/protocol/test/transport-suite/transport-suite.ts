import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Echo, SuiteSessions } from './suite-sessions.js';
import type { TransportPair } from './transport-pair.js';

const kib = 1024;

/**
 * What every transport has to stand, whatever carries its messages: run it for yours.
 *
 * @param createPair Opens a transport and gives both ends; called several times in a case, for sessions move.
 * @example
 * describeTransport('carrier pigeon', async () => {
 *   const { gateway, connector, shoot } = await releasePigeons();
 *   return { gateway, connector, cut: shoot };
 * });
 */
export function describeTransport(name: string, createPair: () => TransportPair | Promise<TransportPair>): void {
  describe(`transport: ${name}`, () => {
    const pairs: TransportPair[] = [];
    let sessions: SuiteSessions;

    async function open(): Promise<TransportPair> {
      const pair = await createPair();
      pairs.push(pair);
      return pair;
    }

    beforeEach(() => {
      sessions = new SuiteSessions();
    });

    afterEach(async () => {
      sessions.close();
      for (const pair of pairs.splice(0)) {
        pair.gateway.close();
        pair.connector.close();
        await pair.dispose?.();
      }
    });

    const whole = (echo: Echo, bytes: number) => echo.end === 'whole' && echo.received === bytes;

    test('carries a request and its answer', async () => {
      sessions.attach(await open());
      const echo = sessions.say(0);
      await sessions.until(() => echo.head !== '');
      expect(echo.head).toBe('head 1');
      const body = sessions.say(1000);
      await sessions.until(() => whole(body, 1000));
    });

    test('carries large bodies both ways, unaltered', async () => {
      sessions.attach(await open());
      const echo = sessions.say(3000 * kib);
      await sessions.until(() => whole(echo, 3000 * kib));
    });

    test('carries many exchanges at a time', async () => {
      sessions.attach(await open());
      const echoes = Array.from({ length: 200 }, (_, i) => sessions.say(i * 150));
      await sessions.until(() => echoes.every((echo, i) => echo.end === 'whole' || (i === 0 && echo.head !== '')));
      expect(echoes.map(({ received }) => received)).toEqual(echoes.map((_, i) => i * 150));
    });

    test('carries one after the other, each as soon as it can', async () => {
      sessions.attach(await open());
      for (let i = 0; i < 50; i++) {
        const echo = sessions.say(100);
        await sessions.until(() => whole(echo, 100));
      }
    });

    test('one reader that does not read stops no other, and goes on when it reads', async () => {
      sessions.attach(await open());
      const stalled = sessions.say(1000 * kib, false);
      await sessions.until(() => stalled.received > 0);
      for (let i = 0; i < 5; i++) {
        const echo = sessions.say(200 * kib);
        await sessions.until(() => whole(echo, 200 * kib));
      }
      expect(stalled.received).toBeLessThan(1000 * kib);
      stalled.consumes = true;
      stalled.consume();
      await sessions.until(() => whole(stalled, 1000 * kib));
    });

    test.each(['gateway', 'connector'] as const)('the reason arrives when the %s ends the session', async (end) => {
      sessions.attach(await open());
      const echo = sessions.say(100);
      await sessions.until(() => whole(echo, 100));
      sessions[end].close('draining', 'until tomorrow');
      await sessions.until(() => sessions.ends.every((code) => code === 'draining'));
    });

    test('what was said before the end arrives before it', async () => {
      sessions.attach(await open());
      const first = sessions.say(100);
      await sessions.until(() => whole(first, 100));
      const echo = sessions.say(0);
      await sessions.until(() => sessions.connector.receivedOffset === 0 || echo.head !== '');
      sessions.connector.close('closed');
      await sessions.until(() => sessions.ends.every((code) => code === 'closed'));
      expect(echo.head).not.toBe('');
    });

    test('a cut is noticed by both ends, and a session goes on over another transport', async () => {
      const pair = await open();
      sessions.attach(pair);
      const echo = sessions.say(2000 * kib);
      await sessions.until(() => echo.received > 100 * kib);
      pair.cut();
      await sessions.until(() => sessions.ends.every((state) => state === 'detached'));
      sessions.attach(await open());
      await sessions.until(() => whole(echo, 2000 * kib));
      expect([sessions.gateway.resumes, sessions.connector.resumes]).toEqual([1, 1]);
    });

    test('a session moves while everything is on its way, again and again', async () => {
      sessions.attach(await open());
      const echoes = Array.from({ length: 100 }, () => sessions.say(40 * kib));
      for (let i = 1; i <= 4; i++) {
        const next = await open();
        await sessions.until(() => echoes.reduce((sum, { received }) => sum + received, 0) > i * 500 * kib);
        sessions.attach(next);
      }
      await sessions.until(() => echoes.every((echo) => whole(echo, 40 * kib)));
      expect(sessions.gateway.resumes).toBe(4);
    });

    test('an end that was closed says so once, takes nothing, and may be closed again', async () => {
      const pair = await open();
      for (const end of [pair.gateway, pair.connector]) {
        let told = 0;
        end.handler = { onMessage() {}, onWritable() {}, onClosed: () => told++ };
        end.close();
        end.close();
        expect([told, end.writable]).toEqual([1, false]);
      }
    });

    test('an end that is there takes messages of a kilobyte at least', async () => {
      const pair = await open();
      sessions.attach(pair);
      const echo = sessions.say(100);
      await sessions.until(() => whole(echo, 100));
      for (const end of [pair.gateway, pair.connector]) {
        if (end.writable) expect(end.maxMessageBytes).toBeGreaterThanOrEqual(1000);
      }
    });
  });
}
