/** What stands on a wheel. */
export interface WheelEntry {
  /** Tick at which it is due; set by {@link TimerWheel.arm} alone. */
  dueTick: number;
  /** Tick at which the wheel looks at it next; the wheel's own. */
  lookTick: number;
  /** Called once when due. */
  onDue(): void;
}

/** Length of a tick, ms: a deadline is late by less than two of them. */
export const tickMs = 1000;

const slots = 64;

/**
 * Deadlines of many connections on one interval. Putting a deadline off is an assignment, since an entry is looked at
 * only when its slot comes round, and goes back on when it is not due yet.
 */
export class TimerWheel {
  #tick = 0;
  readonly #slots: Set<WheelEntry>[] = Array.from({ length: slots }, () => new Set());
  #timer: NodeJS.Timeout | undefined;

  /** Lets time pass. */
  start(): void {
    this.#timer ??= setInterval(() => this.#turn(), tickMs).unref();
  }

  /** Makes `entry` due in `ticks` (at least 1); Infinity: not at all. */
  arm(entry: WheelEntry, ticks: number): void {
    entry.dueTick = this.#tick + ticks;
    if (entry.lookTick > this.#tick && entry.lookTick <= entry.dueTick) return;
    this.#slots[entry.lookTick % slots]!.delete(entry);
    this.#place(entry);
  }

  /** Takes an entry off. */
  remove(entry: WheelEntry): void {
    this.#slots[entry.lookTick % slots]!.delete(entry);
  }

  /** Stops the wheel. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #place(entry: WheelEntry): void {
    entry.lookTick = this.#tick + Math.min(Math.max(entry.dueTick - this.#tick, 1), slots - 1);
    this.#slots[entry.lookTick % slots]!.add(entry);
  }

  #turn(): void {
    this.#tick++;
    const slot = this.#slots[this.#tick % slots]!;
    const entries = [...slot];
    slot.clear();
    for (const entry of entries) {
      if (entry.dueTick > this.#tick) this.#place(entry);
      else entry.onDue();
    }
  }
}
