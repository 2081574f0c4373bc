import { get } from 'node:http';
import type { Figures } from './drill.js';
import { must } from './drill.js';

/** What a visitor saw. */
export interface Seen {
  /** How long it waited, ms. */
  readonly ms: number;
  /** `200`, or status, reason and `delivered`; `cut` where the connection went. */
  readonly end: string;
}

let visitors = 0;

/** One request by a visitor with an address of its own. */
export function ask(url: string): Promise<Seen> {
  const at = performance.now();
  const seen = (end: string): Seen => ({ ms: performance.now() - at, end });
  const { hostname } = new URL(url);
  const localAddress = hostname.startsWith('127.')
    ? `127.0.${1 + ((visitors >> 7) & 127)}.${1 + (visitors++ & 127)}`
    : undefined;
  return new Promise((resolve) => {
    get(url, { agent: false, ...(localAddress ? { localAddress } : {}) }, async (response) => {
      const { statusCode = 0 } = response;
      try {
        const text = Buffer.concat(await response.toArray()).toString();
        if (statusCode === 200) return resolve(seen('200'));
        const { type, delivered } = JSON.parse(text);
        resolve(seen(`${statusCode} ${type.split('/').at(-1)} ${delivered}`));
      } catch {
        resolve(seen('cut'));
      }
    }).on('error', () => resolve(seen('cut')));
  });
}

/** A visitor twice a second, whether there are answers or not, and one whose answer takes a while. */
export function startVisitors(url: string, longMs: number): { stop(): Promise<Visits> } {
  const all: Promise<Seen>[] = [];
  const long = ask(`${url}?ms=${longMs}`);
  const timer = setInterval(() => all.push(ask(url)), 500);
  return {
    async stop() {
      clearInterval(timer);
      return new Visits(await Promise.all(all), await long);
    },
  };
}

/** What they saw. */
export class Visits {
  readonly #seen: readonly Seen[];
  readonly #long: Seen;

  constructor(seen: readonly Seen[], long: Seen) {
    this.#seen = seen;
    this.#long = long;
  }

  /** Nobody was turned away. */
  mustBeServed(name: string): void {
    const served = [...this.#seen, this.#long].every(({ end }) => end === '200');
    must(served, `${name}: nobody is refused: ${JSON.stringify(this.figures())}`);
  }

  /** Everybody was told something. */
  mustBeTold(name: string): void {
    must(!this.#seen.some(({ end }) => end === 'cut'), `${name}: everybody is told: ${JSON.stringify(this.figures())}`);
  }

  figures(): Figures {
    const counts = new Map<string, number>();
    for (const { end } of this.#seen) counts.set(end, (counts.get(end) ?? 0) + 1);
    return {
      visitors: [...counts].map(([end, count]) => `${end}: ${count}`).join(', '),
      'longest wait s': seconds(Math.max(...this.#seen.map(({ ms }) => ms))),
      'request that ran': `${this.#long.end} after ${seconds(this.#long.ms)} s`,
    };
  }
}

/** Seconds, as people read them. */
export function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}
