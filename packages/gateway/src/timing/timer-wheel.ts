/** What stands on a wheel; all but {@link onDue} is the wheel's own. */
export interface WheelEntry {
  /** Tick at which it is due. */
  dueTick: number;
  /** Tick at which the wheel looks at it next. */
  lookTick: number;
  /** Its neighbours in a slot; undefined where it stands on no wheel. */
  before: WheelEntry | undefined;
  behind: WheelEntry | undefined;
  /** Called once when due. */
  onDue(): void;
}

/** Calls `fn` every `ms` until the function returned is called. */
export type Ticker = (fn: () => void, ms: number) => () => void;

const slots = 64;

/**
 * Deadlines of many things on one interval, which runs only while there are some. Putting a deadline off is an
 * assignment, since an entry is looked at only when its slot comes round, and goes back on when it is not due yet. A slot
 * is a list of the entries themselves, so that what stands there for a moment costs neither memory nor a hash.
 */
export class TimerWheel {
  /** Length of a tick, ms: a deadline is late by less than two of them. */
  readonly tickMs: number;
  readonly #ticker: Ticker;
  readonly #slots: WheelEntry[] = Array.from({ length: slots }, createSlot);
  #tick = 0;
  #size = 0;
  #stop: (() => void) | undefined;

  constructor(tickMs: number, ticker: Ticker = everyMs) {
    this.tickMs = tickMs;
    this.#ticker = ticker;
  }

  /** The present tick: a clock that costs nothing, and stands still while the wheel is empty. */
  get tick(): number {
    return this.#tick;
  }

  /** Entries on the wheel. */
  get size(): number {
    return this.#size;
  }

  /** Makes `entry` due in `ticks` (at least 1); Infinity: not at all. */
  arm(entry: WheelEntry, ticks: number): void {
    entry.dueTick = this.#tick + ticks;
    if (entry.before !== undefined) {
      if (entry.lookTick <= entry.dueTick) return;
      this.#unlink(entry);
    }
    this.#place(entry);
    this.#stop ??= this.#ticker(() => this.#turn(), this.tickMs);
  }

  /** Takes an entry off. */
  remove(entry: WheelEntry): void {
    if (entry.before !== undefined) this.#unlink(entry);
  }

  #place(entry: WheelEntry): void {
    entry.lookTick = this.#tick + Math.min(Math.max(entry.dueTick - this.#tick, 1), slots - 1);
    this.#size++;
    link(entry, this.#slots[entry.lookTick % slots]!);
  }

  #unlink(entry: WheelEntry): void {
    this.#size--;
    entry.before!.behind = entry.behind;
    entry.behind!.before = entry.before;
    entry.before = entry.behind = undefined;
  }

  #turn(): void {
    this.#tick++;
    const slot = this.#slots[this.#tick % slots]!;
    // Whoever is due may take others off, or put itself back on: never into this slot, which is a full turn away.
    while (slot.behind !== slot) {
      const entry = slot.behind!;
      this.#unlink(entry);
      if (entry.dueTick > this.#tick) this.#place(entry);
      else entry.onDue();
    }
    if (this.#size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }
}

/** Puts an entry at the end of a slot's list. */
function link(entry: WheelEntry, slot: WheelEntry): void {
  const last = slot.before!;
  entry.before = last;
  entry.behind = slot;
  last.behind = entry;
  slot.before = entry;
}

/** A slot is where its list begins and ends. */
function createSlot(): WheelEntry {
  const slot: WheelEntry = { dueTick: 0, lookTick: 0, before: undefined, behind: undefined, onDue() {} };
  slot.before = slot.behind = slot;
  return slot;
}

/** The {@link Ticker} of the machine as it is; keeps no process alive. */
export function everyMs(fn: () => void, ms: number): () => void {
  const timer = setInterval(fn, ms).unref();
  return () => clearInterval(timer);
}
