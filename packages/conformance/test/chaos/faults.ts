import type { Random } from '../../../protocol/test/sim/random.js';
import type { End, Pair, Strike } from './hop.js';
import type { HttpFault } from './http-hop.js';

/** Something that happens to the link. */
export interface Fault {
  readonly kind: string;
  /** Where it strikes, unless it is `http`. */
  readonly strike: Strike;
  /** A second strike, so many bytes after the first: in the middle of what repairs it. */
  readonly again: Strike | undefined;
  /** What happens to a poll or post. */
  readonly http: HttpFault | undefined;
  /** When it is over, ms after it struck; 0: what is cut is cut. */
  readonly lastsMs: number;
}

interface Kind {
  /** How often it is chosen among the others, with a WebSocket and with polling. */
  readonly weights: readonly [number, number];
  readonly apply?: (pair: Pair, told: End, delayMs: number) => void;
  readonly lastsMs?: (random: Random) => number;
  readonly isSingle?: true;
  readonly isTwice?: true;
  readonly http?: HttpFault;
}

/** Mostly short; now and then longer than the silence that counts as a lost link. */
const aWhile = (random: Random): number => (random.chance(0.04) ? 6000 : 30 + random.size(1500));
const aMoment = (random: Random): number => 30 + random.below(400);

/** Told cuts are most of them: one that is not takes seconds to be noticed. */
const kinds: Readonly<Record<string, Kind>> = {
  fin: { weights: [30, 22], apply: (pair) => pair.cut('fin', 'fin') },
  rst: { weights: [30, 22], apply: (pair) => pair.cut('rst', 'rst') },
  'cut twice': { weights: [6, 6], apply: (pair, told) => pair.cut(told, told), isTwice: true },
  'one of several cut': { weights: [0, 8], apply: (pair, told) => pair.cut(told, told), isSingle: true },
  silence: { weights: [3, 3], apply: (pair) => pair.cut('silence', 'silence') },
  'silence of one of several': { weights: [0, 3], apply: (pair) => pair.cut('silence', 'silence'), isSingle: true },
  'half-open, gateway untold': { weights: [4, 4], apply: (pair, told) => pair.cut(told, 'silence') },
  'half-open, connector untold': { weights: [2, 2], apply: (pair, told) => pair.cut('silence', told) },
  stall: { weights: [5, 4], lastsMs: aWhile, apply: (pair) => pair.setMode('hold', 'hold') },
  'stall up': { weights: [5, 4], lastsMs: aWhile, apply: (pair) => pair.setMode('hold', 'pass') },
  'stall down': { weights: [5, 4], lastsMs: aWhile, apply: (pair) => pair.setMode('pass', 'hold') },
  drip: { weights: [5, 4], lastsMs: aMoment, apply: (pair) => pair.setMode('drip', 'drip') },
  delay: { weights: [5, 4], lastsMs: aMoment, apply: (pair, _told, delayMs) => pair.setDelay(delayMs) },
  'poll repeated': { weights: [0, 3], http: 'repeat' },
  'poll repeated late': { weights: [0, 3], http: 'late repeat' },
  'poll lost': { weights: [0, 3], http: 'lose request' },
  'answer lost': { weights: [0, 3], http: 'lose answer' },
};

/** Chooses what comes next. */
export function chooseFault(random: Random, transport: 'websocket' | 'poll'): Fault {
  const [name, kind] = random.pick(lots[transport])!;
  const told: End = random.chance(0.5) ? 'fin' : 'rst';
  const delayMs = 20 + random.below(200);
  const strike = (mostBytes: number): Strike => ({
    way: random.chance(0.5) ? 'up' : 'down',
    afterBytes: 1 + random.size(mostBytes),
    isSingle: kind.isSingle ?? false,
    apply: (pair) => kind.apply?.(pair, told, delayMs),
  });
  return {
    kind: name,
    strike: strike(256 * 1024),
    again: kind.isTwice ? strike(16 * 1024) : undefined,
    http: kind.http,
    lastsMs: kind.lastsMs?.(random) ?? 0,
  };
}

/** Each kind as often as it weighs. */
const lots = { websocket: lotsOf(0), poll: lotsOf(1) };

function lotsOf(transport: 0 | 1): readonly (readonly [string, Kind])[] {
  return Object.entries(kinds).flatMap((each) => Array.from({ length: each[1].weights[transport] }, () => each));
}
