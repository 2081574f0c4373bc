import type { Random } from '../../../protocol/test/sim/random.js';
import type { End, Hop, Pair, Way } from './hop.js';

export interface Fault {
  readonly kind: string;
  /** It strikes when so many bytes more went this way. */
  readonly way: Way;
  readonly afterBytes: number;
  /** When it is over, ms after it struck; 0: what is cut is cut. */
  readonly lastsMs: number;
  apply(pair: Pair): void;
}

interface Kind {
  readonly weight: number;
  readonly lastsMs: (random: Random) => number;
  readonly apply: (pair: Pair, told: End) => void;
}

const atOnce = (): number => 0;
/** Mostly short; now and then longer than the silence that counts as a lost link. */
const aWhile = (random: Random): number => (random.chance(0.04) ? 6000 : 30 + random.size(1500));

/** Told cuts are most of them: one that is not takes seconds to be noticed. */
const kinds: Readonly<Record<string, Kind>> = {
  fin: { weight: 30, lastsMs: atOnce, apply: (pair) => pair.cut('fin', 'fin') },
  rst: { weight: 30, lastsMs: atOnce, apply: (pair) => pair.cut('rst', 'rst') },
  silence: { weight: 3, lastsMs: atOnce, apply: (pair) => pair.cut('silence', 'silence') },
  'half-open, gateway untold': { weight: 3, lastsMs: atOnce, apply: (pair, told) => pair.cut(told, 'silence') },
  'half-open, connector untold': { weight: 3, lastsMs: atOnce, apply: (pair, told) => pair.cut('silence', told) },
  'stall up': {
    weight: 6,
    lastsMs: aWhile,
    apply: (pair) => {
      pair.up = 'hold';
    },
  },
  'stall down': {
    weight: 6,
    lastsMs: aWhile,
    apply: (pair) => {
      pair.down = 'hold';
    },
  },
  stall: {
    weight: 6,
    lastsMs: aWhile,
    apply: (pair) => {
      pair.up = pair.down = 'hold';
    },
  },
  drip: {
    weight: 6,
    lastsMs: (random) => 30 + random.below(400),
    apply: (pair) => {
      pair.up = pair.down = 'drip';
    },
  },
};

/** Each kind as often as it weighs. */
const lots = Object.entries(kinds).flatMap((each) => Array.from({ length: each[1].weight }, () => each));

/** Chooses what comes next. */
export function chooseFault(random: Random): Fault {
  const [name, kind] = random.pick(lots)!;
  const told: End = random.chance(0.5) ? 'fin' : 'rst';
  return {
    kind: name,
    way: random.chance(0.5) ? 'up' : 'down',
    afterBytes: 1 + random.size(256 * 1024),
    lastsMs: kind.lastsMs(random),
    apply: (pair) => kind.apply(pair, told),
  };
}

/** All goes on as before. */
export function endFault(hop: Hop): void {
  hop.each((pair) => {
    pair.up = pair.down = 'pass';
  });
}
