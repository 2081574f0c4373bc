import type { MemoryPeer, Piece } from './memory-socket.js';
import { type Lane, MemorySocket } from './memory-socket.js';
import type { ObservedClock } from './test-clock.js';

/** The line that connections run over, and what is wrong with it. */
export interface Line {
  readonly clock: ObservedClock;
  /** Nothing arrives while true; it does afterwards. */
  readonly isStalled: boolean;
  /** What a piece takes from end to end, ms of the clock. */
  readonly delayMs: number;
  /** How many of `wanted` bytes may still pass: fewer, and the line is cut behind them. */
  allow(wanted: number): number;
  onOpened(connection: MemoryConnection): void;
  onClosed(connection: MemoryConnection): void;
}

/** What may be on its way before a writer has to wait, as the buffers of two kernels hold it. */
const maxOnWayBytes = 256 * 1024;

/** A connection in memory, from who dialled to who accepted. */
export class MemoryConnection {
  readonly near: MemorySocket;
  readonly far: MemorySocket;
  /** Nothing arrives any more, and nobody is told. */
  isForgotten = false;
  readonly #lanes: readonly LineLane[];
  #open = 2;

  /** @param dialler Who the accepting end sees. */
  constructor(line: Line, dialler: MemoryPeer, acceptor: MemoryPeer) {
    this.near = new MemorySocket(acceptor, false);
    this.far = new MemorySocket(dialler, true);
    const up = new LineLane(line, this, this.far);
    const down = new LineLane(line, this, this.near);
    this.near.join(up, down);
    this.far.join(down, up);
    this.#lanes = [up, down];
    for (const socket of [this.near, this.far]) socket.once('close', () => --this.#open === 0 && line.onClosed(this));
    line.onOpened(this);
  }

  /** Ends both ends by a reset; what was on its way is lost. */
  cut(): void {
    this.isForgotten = true;
    for (const socket of [this.near, this.far]) socket.receive({ kind: 'reset' });
  }

  /** Something about the line has changed. */
  resume(): void {
    for (const lane of this.#lanes) lane.wake();
  }
}

/** One way of a connection: what is sent arrives in order, in a later turn of the event loop. */
class LineLane implements Lane {
  readonly #line: Line;
  readonly #connection: MemoryConnection;
  readonly #to: MemorySocket;
  readonly #onWay: { readonly piece: Piece; readonly at: number }[] = [];
  #bytes = 0;
  /** Writers that wait for room. */
  #waiting: (() => void)[] = [];
  #isFull = false;
  #isAwake = false;

  constructor(line: Line, connection: MemoryConnection, to: MemorySocket) {
    this.#line = line;
    this.#connection = connection;
    this.#to = to;
  }

  send(piece: Piece): void {
    const { clock, delayMs } = this.#line;
    clock.touch();
    this.#onWay.push({ piece, at: clock.now() + delayMs });
    if (piece.kind === 'bytes') {
      this.#bytes += piece.bytes.length;
      if (this.#bytes <= maxOnWayBytes) piece.onTaken();
      else this.#waiting.push(piece.onTaken);
    }
    this.wake();
  }

  onRoom(): void {
    this.#isFull = false;
    this.wake();
  }

  wake(): void {
    if (this.#isAwake || this.#onWay.length === 0) return;
    this.#isAwake = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    const { clock } = this.#line;
    this.#isAwake = false;
    while (this.#onWay.length > 0) {
      const { piece, at } = this.#onWay[0]!;
      const wait = at - clock.now();
      if (this.#connection.isForgotten) this.#take(piece);
      else if (this.#line.isStalled || (this.#isFull && piece.kind !== 'reset')) return;
      else if (wait > 0) return void clock.setTimer(() => this.wake(), wait);
      else this.#arrive(piece);
    }
  }

  #arrive(piece: Piece): void {
    this.#take(piece);
    if (piece.kind !== 'bytes') return void this.#to.receive(piece);
    const allowed = this.#line.allow(piece.bytes.length);
    const bytes = piece.bytes.subarray(0, allowed);
    // The cut comes behind what still passed.
    if (bytes.length > 0) this.#isFull = !this.#to.receive({ ...piece, bytes });
  }

  #take(piece: Piece): void {
    this.#line.clock.touch();
    this.#onWay.shift();
    if (piece.kind !== 'bytes') return;
    this.#bytes -= piece.bytes.length;
    if (this.#bytes <= maxOnWayBytes) for (const onTaken of this.#waiting.splice(0)) onTaken();
  }
}
