import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { nowMs } from './now-ms.js';

/** Arrivals this soon after a cut may have been on their way already, ms. */
const onTheWayMs = 20;
/** How long it is watched once bytes flow again, ms. */
const watchMs = 300;

/** A visitor that reads an answer which never ends: a byte each few milliseconds, counted up. */
export interface Drip {
  /** Calls `cut` and gives the longest time without a byte from then on, until they flow again; undefined: not within `limitMs`. */
  longestGap(cut: () => void, limitMs: number): Promise<number | undefined>;
  /** Bytes that were lost, doubled or moved, or an end. */
  readonly errors: number;
  close(): void;
}

/** Opens one; resolves when it flows. */
export async function openDrip(url: URL, signal: AbortSignal): Promise<Drip> {
  const asked = request(new URL('?drip', url), { agent: false, signal }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let errors = answer.statusCode === 200 ? 0 : 1;
  let expected: number | undefined;
  let lastAt = 0;
  let longest = 0;
  answer.on('data', (piece: Buffer) => {
    const now = nowMs();
    longest = Math.max(longest, now - lastAt);
    lastAt = now;
    for (const byte of piece) {
      if (byte !== (expected ?? byte)) errors++;
      expected = (byte + 1) & 255;
    }
  });
  answer.on('error', () => errors++);
  await once(answer, 'data');

  return {
    async longestGap(cut, limitMs) {
      longest = 0;
      const cutAt = nowMs();
      cut();
      while (lastAt < cutAt + onTheWayMs) {
        if (nowMs() > cutAt + limitMs) return undefined;
        await pause(5, undefined, { signal });
      }
      await pause(watchMs, undefined, { signal });
      return longest;
    },
    get errors() {
      return errors;
    },
    close: () => {
      answer.removeAllListeners('error').on('error', () => {});
      asked.destroy();
    },
  };
}
