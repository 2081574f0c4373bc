import type { Reason } from '@reverse-http/protocol/errors';
import { findHeadEnd, type ScanResult, scanRequestHead } from '@reverse-http/protocol/http1';
import type { AcceptedSocket, Machine } from '../../machine/machine.js';
import type { TimerWheel, WheelEntry } from '../../timing/timer-wheel.js';
import type { Peer, Visit } from '../../visit/visit.js';
import { breakSocket, endSocket } from './end-socket.js';
import type { ResolvedHttp1FrontOptions } from './front-options.js';
import { Http1Visit, type VisitOwner } from './http1-visit.js';
import type { InputBlocks } from './input-blocks.js';
import { InputQueue } from './input-queue.js';
import { Output } from './output.js';
import type { OutputBlocks } from './output-blocks.js';
import { peerOf } from './peer-of.js';
import { probeVisitor } from './probe-visitor.js';
import { mayHaveBody, requestBodyOf } from './request-body.js';
import { RequestBytes } from './request-bytes.js';
import type { SharedRead } from './shared-read.js';
import type { UpgradedBytes } from './upgraded-bytes.js';
import type { VisitHead } from './visit-head.js';

/** What the connections of a front share. */
export interface ConnectionHost extends Pick<Machine, 'clock'> {
  readonly options: ResolvedHttp1FrontOptions;
  readonly wheel: TimerWheel;
  readonly inputBlocks: InputBlocks;
  readonly outputBlocks: OutputBlocks;
  readonly sharedRead: SharedRead;
  readonly draining: boolean;
  /** Calls {@link Output.flush} at the end of the turn. */
  readonly flushLater: (output: Output) => void;
  /** Scratch for a head, given back when its visit is over. */
  takeHead(): VisitHead;
  giveHead(head: VisitHead): void;
  nextId(): string;
  onVisit(visit: Visit): void;
  /** A request that was not understood is about to be answered. */
  onRefused(visit: Visit): void;
  onClosed(connection: Http1Connection): void;
}

/** Unread bytes beyond which the socket is not read any more. */
const maxInputBytes = 128 * 1024;
/** What is read and thrown away of a request that was answered early, before the connection is given up. */
const maxDiscardedBytes = 256 * 1024;
/** How long a connection that we end is still read, so that its answer is not lost to a reset (RFC 9112, section 9.6). */
const lingerMs = 2000;
/** How long a new connection may take over its first request when the listener is about to end, ms. */
const lastRequestMs = 200;

/**
 * `blocked`: the visitor has not taken the answers before, so no further request is begun. `answered`: the answer is
 * out, the server still reads the request. `discarding`: nobody reads it.
 */
type State = 'idle' | 'blocked' | 'serving' | 'answered' | 'discarding' | 'lingering' | 'taken' | 'closed';

/**
 * A visitor's connection: reads one request at a time (those behind it wait, so answers keep their order), lends it to
 * whoever serves it, and goes on when it is answered.
 */
export class Http1Connection implements VisitOwner, WheelEntry {
  dueTick = 0;
  lookTick = 0;
  before: WheelEntry | undefined;
  behind: WheelEntry | undefined;
  readonly peer: Peer;
  readonly output: Output;
  readonly #socket: AcceptedSocket;
  readonly #host: ConnectionHost;
  readonly #input: InputQueue;
  readonly #sharesBuffer: boolean;
  #state: State = 'idle';
  #visit: Http1Visit | undefined;
  /** Bytes of a head that is not whole which were searched for its end. */
  #searched = 0;
  /** The visitor sends nothing more. */
  #halfClosed = false;
  /** What the visitor sent cannot be understood any further. */
  #broken = false;
  #discarded = 0;
  /** What is read once the socket is somebody else's. */
  #passOn: (bytes: Uint8Array) => void = ignore;
  #parsing = false;
  #keepAlive = true;

  constructor(socket: AcceptedSocket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#input = new InputQueue(host.inputBlocks);
    this.peer = peerOf(socket);
    this.output = new Output(socket, host.outputBlocks, host.flushLater);
    this.#sharesBuffer = host.sharedRead.start(socket, this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore); // 'close' follows.
    socket.on('close', this.#onClose);
    this.#arm(host.options.headTimeoutMs);
  }

  /** No further request: ends at once when idle, else with the present answer. The first of a new connection is on its way. */
  drain(): void {
    if (this.#socket.bytesRead > 0) this.#endIdle();
    else this.#host.clock.setTimer(() => this.#endIdle(), lastRequestMs);
  }

  #endIdle(): void {
    if (this.#state === 'idle' && this.#input.size === 0) this.#linger();
  }

  /** Ends now. */
  abort(): void {
    const visit = this.#visit;
    if (!visit || visit.ended) return this.breakOff(this.#socket.writableLength > 0);
    visit.abort('draining');
    visit.tellAborted('draining', 'the listener was ended');
  }

  get halfClosed(): boolean {
    return this.#halfClosed;
  }

  mayKeepAlive(visit: Http1Visit): boolean {
    const { head, body } = visit;
    if (this.#broken || this.#inputEnded || this.#host.draining || head.connectionClose) return false;
    if (head.minorVersion === 0 && !head.connectionKeepAlive) return false;
    // A visitor that waits for a 100 may send its body or not: nobody can tell what comes next (RFC 9110, section 10.1.1).
    return !head.expectContinue || visit.continued || body === undefined || body.ended;
  }

  onAnswered(visit: Http1Visit, keepAlive: boolean): void {
    if (visit !== this.#visit || this.#state !== 'serving') return;
    this.#keepAlive = keepAlive;
    if (!visit.body || visit.body.ended) this.#finish();
    else if (!visit.unread && visit.head.expectContinue && !visit.continued) {
      visit.lose('visitor-gone', 'the visitor was never asked for its body');
      this.#linger();
    } else {
      this.#state = 'answered';
      if (visit.unread) this.onStoppedReading(visit);
    }
  }

  onStoppedReading(visit: Http1Visit): void {
    if (visit !== this.#visit || this.#state !== 'answered') return;
    if (!this.#keepAlive) return this.#linger();
    this.#state = 'discarding';
    this.#discard(this.#input.size);
  }

  endOutput(): void {
    endSocket(this.#socket, () => {
      if (this.#state === 'lingering') this.#arm(lingerMs);
    });
  }

  breakOff(hard: boolean): void {
    this.output.flush(); // A connection that dies without a byte makes browsers ask again.
    breakSocket(this.#socket, hard);
  }

  takeSocket(keep: (bytes: Uint8Array) => Buffer): { readonly socket: AcceptedSocket; readonly head: Uint8Array } {
    const socket = this.#socket;
    this.#passOn = (bytes) => {
      if (!socket.push(keep(bytes))) socket.pause();
    };
    this.output.flush();
    this.#state = 'taken';
    this.#visit = undefined; // What holds the socket holds this too, and its head need not stay with it: 2 KiB a connector.
    socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose);
    this.#host.wheel.remove(this);
    this.#host.onClosed(this);
    if (socket.isPaused()) socket.resume();
    return { socket, head: this.#input.takeAll() };
  }

  onDue(): void {
    if (this.#state === 'idle' && this.#input.size > 0)
      this.#refuse('request-timeout', 'The request head did not come in time.');
    else if (this.#state === 'idle' || this.#state === 'discarding') this.#linger();
    else if (this.#state === 'lingering' || this.#state === 'blocked') this.breakOff(this.#socket.writableLength > 0);
  }

  readonly #onData = (bytes: Uint8Array): void => {
    if (this.#state === 'lingering' || this.#state === 'closed') return;
    if (this.#state === 'taken') return this.#passOn(bytes);
    this.#input.push(bytes);
    if (this.#state === 'idle') this.#parse();
    else if (this.#state === 'discarding') this.#discard(bytes.length);
    else if (this.#visit?.body) this.#visit.handler.onBodyReadable(this.#input.size);
    if (this.#sharesBuffer) this.#input.keep();
    if (this.#input.size > maxInputBytes) this.#socket.pause();
  };

  readonly #onTaken = (): void => {
    if (this.#input.size <= maxInputBytes && this.#socket.isPaused()) this.#socket.resume();
    if (this.#inputEnded) process.nextTick(() => this.#requireWholeBody());
  };

  /** The body was taken whole; whoever took it is still at work, so what follows waits for the turn's end. */
  readonly #onBodyEnded = (): void => {
    if (this.#state !== 'answered') return;
    const visit = this.#visit;
    process.nextTick(() => {
      if (this.#state === 'answered' && visit === this.#visit) this.#finish();
    });
  };

  /**
   * The visitor sends nothing more. What it asked in full is answered; once an answer has begun, and while a body is not
   * whole, it counts as gone, for nothing else tells of a visitor that left a silent stream.
   */
  readonly #onEnd = (): void => {
    const visit = this.#visit;
    this.#halfClosed = true;
    if (this.#state === 'blocked') return;
    if (!visit || this.#state === 'discarding' || this.#state === 'lingering') {
      this.endOutput();
    } else if (visit.upgraded) {
      (visit.body as UpgradedBytes).close();
      visit.handler.onBodyReadable();
    } else if (visit.settled && !visit.ended) {
      this.#lose(visit, 'visitor-gone', 'the visitor closed the connection');
    } else {
      this.#requireWholeBody();
      if (visit.head.minorVersion === 1) {
        const isWaiting = (): boolean => this.#state === 'serving' && visit === this.#visit && !visit.settled;
        probeVisitor(this.output, this.#host.clock, isWaiting);
      }
    }
  };

  /** Nothing is left to read. */
  get #inputEnded(): boolean {
    return this.#halfClosed && this.#input.size === 0;
  }

  /** A body of which nothing more comes must be whole. */
  #requireWholeBody(): void {
    const visit = this.#visit;
    if (!visit?.body || visit.body.ended || visit.asksUpgrade || !this.#inputEnded) return;
    if (this.#state === 'serving' || this.#state === 'answered')
      this.#lose(visit, 'visitor-gone', 'the visitor closed the connection');
  }

  /** The request cannot be read to its end: an answer that is whole still goes out, another one is broken off. */
  #lose(visit: Http1Visit, reason: Reason, detail: string): void {
    const answered = visit.ended;
    visit.lose(reason, detail);
    if (answered) this.#linger();
    else this.breakOff(visit.endsWithConnection);
  }

  readonly #onDrain = (): void => {
    this.output.onDrain();
    this.#visit?.onDrain();
    if (this.#state !== 'blocked') return;
    this.#state = 'idle';
    this.#arm(this.#host.options.keepAliveMs);
    this.#parse();
  };

  readonly #onClose = (): void => {
    const visit = this.#visit;
    this.#state = 'closed';
    this.#host.wheel.remove(this);
    this.#host.onClosed(this);
    if (visit?.upgraded && visit.body?.ended && this.#socket.writableFinished) visit.close();
    else visit?.lose('visitor-gone', 'the visitor is gone');
    this.#release();
  };

  /** Reads requests until one is being served, or more bytes are needed. */
  #parse(): void {
    if (this.#parsing) return; // An answer given on the spot comes back here.
    this.#parsing = true;
    while (this.#state === 'idle' && this.#input.size > 0 && this.#begin()) {
      // One request was served on the spot.
    }
    this.#parsing = false;
    if (this.#state === 'idle' && this.#halfClosed) this.endOutput();
  }

  /** Starts to serve the request that stands in the input; false when it is not whole. */
  #begin(): boolean {
    const host = this.#host;
    const input = this.#input;
    if (this.#searched > 0 && !this.#headIsWhole()) return false;
    const head = host.takeHead();
    const { at } = input;
    const bytes = at === 0 ? input.bytes : input.bytes.subarray(at);
    const result = scanRequestHead(head, bytes, 0, input.end - at, host.options.headLimits);
    if (result === 'incomplete') {
      host.giveHead(head);
      return this.#awaitHead();
    }
    this.#searched = 0;
    this.#state = 'serving';
    this.#arm(Number.POSITIVE_INFINITY);
    if (result !== 'complete') {
      this.#refuseHead(head, result);
      return false;
    }
    head.keep();
    input.advance(head.end);
    this.#onTaken();
    const taken = mayHaveBody(head) ? new RequestBytes(input, this.#onTaken, this.#onBodyEnded) : undefined;
    const body = taken && requestBodyOf(head, taken, this.#onFault);
    const visit = new Http1Visit(this, head, host.nextId(), body, taken);
    this.#visit = visit;
    host.onVisit(visit);
    return true;
  }

  /** The piece being read holds no whole head: the pieces behind it may. */
  #awaitHead(): boolean {
    const input = this.#input;
    const hasMore = input.size > input.end - input.at;
    input.join();
    if (hasMore) return this.#begin();
    if (this.#searched === 0) this.#arm(this.#host.options.headTimeoutMs);
    this.#searched = Math.max(1, Math.abs(findHeadEnd(input.bytes, 0, input.end)));
    return false;
  }

  #headIsWhole(): boolean {
    const input = this.#input;
    input.join();
    const end = findHeadEnd(input.bytes, this.#searched, input.end);
    if (end > 0 || input.end > this.#host.options.headLimits.maxHeadBytes) return true;
    this.#searched = Math.max(1, -end);
    return false;
  }

  /** What was sent so far must not pass for a whole body, and nothing after it can be understood. */
  readonly #onFault = (reason: Reason, detail: string): void => {
    const visit = this.#visit;
    if (!visit) return;
    this.#broken = true;
    if (visit.settled) return this.#lose(visit, reason, detail);
    visit.fail(reason, { detail: `The request body was refused: ${detail}.`, delivered: 'unknown' });
    visit.tellAborted(reason, detail);
  };

  /** A head that cannot be served: its answer, then the end of the connection (RFC 9112, section 9.3). */
  #refuseHead(head: VisitHead, result: Exclude<ScanResult, 'complete' | 'incomplete'>): void {
    const { detail } = head;
    this.#host.giveHead(head);
    this.#refuse(result === 'bad-answer' ? 'bad-request' : result, `The request was not understood: ${detail}.`);
  }

  #refuse(reason: Reason, detail: string): void {
    const head = this.#host.takeHead();
    head.clear();
    head.connectionClose = true;
    this.#state = 'serving';
    const visit = new Http1Visit(this, head, this.#host.nextId(), undefined, undefined);
    this.#visit = visit;
    this.#host.onRefused(visit);
    visit.fail(reason, { detail });
  }

  /** Request and answer are whole. */
  #finish(): void {
    const mayGoOn = this.#keepAlive && !this.#broken && !this.#inputEnded;
    if (!mayGoOn || (this.#host.draining && this.#input.size === 0)) return this.#linger();
    this.#release();
    this.#state = this.output.writable ? 'idle' : 'blocked';
    this.#discarded = 0;
    this.#arm(this.#host.options.keepAliveMs);
    this.#parse();
  }

  /** Reads on to the end of a body that nobody wants, within bounds. */
  #discard(arrived: number): void {
    const body = this.#visit?.body;
    if (!body) return;
    this.#discarded += arrived;
    const into = new Uint8Array(16 * 1024);
    while (body.read(into, 0, into.length) > 0);
    if (this.#state !== 'discarding') return; // The framing was broken.
    if (body.ended) this.#finish();
    else if (this.#halfClosed || this.#discarded > maxDiscardedBytes)
      this.#linger(); // The rest never comes, or is too long.
    else this.#arm(this.#host.options.headTimeoutMs);
  }

  /** Ends the connection: our side now, the visitor's when it has read the answer. */
  #linger(): void {
    this.#state = 'lingering';
    this.#release();
    this.#input.clear();
    // A visitor that takes the rest of its answer slowly is given time for that first.
    this.#arm(this.#host.options.keepAliveMs);
    this.endOutput();
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #release(): void {
    const visit = this.#visit;
    this.#visit = undefined;
    if (visit) this.#host.giveHead(visit.head);
  }

  #arm(ms: number): void {
    this.#host.wheel.arm(this, Math.ceil(ms / this.#host.wheel.tickMs) + 1);
  }
}

function ignore(): void {}
