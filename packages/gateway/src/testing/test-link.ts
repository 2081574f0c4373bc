import type { Clock } from '@reverse-http/protocol/session';
import { fetchBy } from './fetch-by.js';
import { type TestWebSocket, webSocketOn } from './link-web-socket.js';
import type { Line, MemoryConnection } from './memory-connection.js';
import { type MemorySocket, refusedSocket } from './memory-socket.js';
import { expectAmount, type ObservedClock } from './test-clock.js';

/** What `connect()` is given so that it dials a {@link TestLink}: for either entry of the connector. */
export interface TestConnectOptions {
  readonly gateway: string;
  /** Left out where the gateway's option `auth` decides. */
  readonly token?: string;
  readonly fetch: typeof globalThis.fetch;
  readonly WebSocket: new (url: string) => TestWebSocket;
  readonly clock: Clock;
  /** Aborted when the test's gateway is closed. */
  readonly signal: AbortSignal;
  /** Nothing leaves the process. */
  readonly allowCleartext: true;
  /** Nothing is printed. */
  readonly logger: false;
}

/**
 * What is added to {@link TestConnectOptions}: all that `connect()` wants, and what those bring where it should be another.
 * The second shape lets a compiler tell the parameters of a callback from the `connect()` that all of it is for.
 */
export type MoreConnectOptions<More> =
  | More
  | (Omit<More, keyof TestConnectOptions> & Partial<Pick<More, keyof More & keyof TestConnectOptions>>);

/**
 * The way from connectors to the gateway, and what can happen to it. Real requests and WebSockets of the connector run over
 * it in pieces, to the real endpoints of the gateway, so that a fault meets them wherever it may on a network.
 */
export interface TestLink {
  /**
   * Options for `connect()` whose connections run over this link; `more` are further ones, which win.
   *
   * @example
   * const connection = connect(app, link.connectOptions({ target: 'A', transport: 'websocket' }));
   */
  connectOptions<const More extends object>(more: MoreConnectOptions<More>): TestConnectOptions & More;
  /** Resets every connection now: both ends are told, what was on its way is lost. New ones work. */
  cut(): void;
  /**
   * Cuts as soon as so many more bytes have passed, both directions together: in the middle of a message, if that is
   * where it falls. Resolves when it has.
   *
   * @throws RangeError at once, where `bytes` is no number of them.
   */
  cutAfter(bytes: number): Promise<void>;
  /** Nothing arrives any more, on present connections and new ones, until {@link heal}; nothing is lost. */
  stall(): void;
  /** The present connections carry nothing any more and nobody is told, as when a NAT has forgotten them. New ones work. */
  halfOpen(): void;
  /** Every message arrives twice: each request of long polling is sent twice, as hops do, and each message on a WebSocket. */
  duplicate(): void;
  /**
   * What is sent from now on takes so long, ms of the clock, each way.
   *
   * @throws RangeError where that is no time.
   */
  delay(ms: number): void;
  /** As {@link cut}, and nobody can connect until {@link heal}. */
  goDown(): void;
  /** Ends {@link stall}, {@link duplicate}, {@link delay}, {@link goDown}, and a {@link cutAfter} that has not come. */
  heal(): void;
  /** Connections that are open at the moment. */
  readonly openConnections: number;
}

/** What a link stands on. */
export interface LinkHost {
  readonly clock: ObservedClock;
  readonly url: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  dial(url: URL, line: Line): MemorySocket;
}

interface DueCut {
  left: number;
  readonly onCut: () => void;
}

/** Makes a {@link TestLink}. */
export function createTestLink(host: LinkHost): TestLink {
  return new FaultyLink(host);
}

/**
 * A session can also be given messages by the memory transport, without HTTP beneath them: simpler, and blind to all that
 * is tried here. How hellos are answered, polls are held and repeated, upgrades begin, half a body ends belongs to what an
 * application meets when its link breaks; so what is made in memory is the connection, and nothing above it.
 */
class FaultyLink implements TestLink, Line {
  readonly clock: ObservedClock;
  isStalled = false;
  delayMs = 0;
  duplicates = false;
  readonly #host: LinkHost;
  readonly #open = new Set<MemoryConnection>();
  #isDown = false;
  #dueCut: DueCut | undefined;

  constructor(host: LinkHost) {
    this.#host = host;
    this.clock = host.clock;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  connectOptions<const More extends object>(more: MoreConnectOptions<More>): TestConnectOptions & More;
  connectOptions(more: object): TestConnectOptions {
    const { url, token, signal, clock } = this.#host;
    return {
      gateway: url,
      ...(token === undefined ? {} : { token }),
      fetch: (input, init) => this.#fetch(new Request(input, init)),
      WebSocket: webSocketOn(this),
      clock,
      signal,
      allowCleartext: true,
      logger: false,
      ...more,
    };
  }

  cut(): void {
    for (const connection of [...this.#open]) connection.cut();
  }

  cutAfter(bytes: number): Promise<void> {
    expectAmount('bytes', bytes);
    return new Promise((onCut) => {
      this.#dueCut = { left: bytes, onCut };
    });
  }

  stall(): void {
    this.isStalled = true;
  }

  halfOpen(): void {
    for (const connection of this.#open) connection.isForgotten = true;
    this.#resume();
  }

  duplicate(): void {
    this.duplicates = true;
  }

  delay(ms: number): void {
    expectAmount('ms', ms);
    this.delayMs = ms;
  }

  goDown(): void {
    this.#isDown = true;
    this.cut();
  }

  heal(): void {
    this.isStalled = this.duplicates = this.#isDown = false;
    this.delayMs = 0;
    this.#dueCut = undefined;
    this.#resume();
  }

  dial(url: URL): MemorySocket {
    if (this.#isDown) return refusedSocket({ address: url.hostname, port: Number(url.port) });
    return this.#host.dial(url, this);
  }

  allow(wanted: number): number {
    const due = this.#dueCut;
    if (!due) return wanted;
    if (due.left > wanted) {
      due.left -= wanted;
      return wanted;
    }
    this.#dueCut = undefined;
    // What still passes is received first, and nothing after it.
    for (const connection of this.#open) connection.isForgotten = true;
    queueMicrotask(() => {
      this.cut();
      due.onCut();
    });
    return due.left;
  }

  onOpened(connection: MemoryConnection): void {
    this.#open.add(connection);
  }

  onClosed(connection: MemoryConnection): void {
    this.#open.delete(connection);
  }

  #resume(): void {
    for (const connection of this.#open) connection.resume();
  }

  /** Long polling knows its bodies, and so does every hop on its way. */
  async #fetch(request: Request): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const send = (): Promise<Response> => fetchBy((url) => this.dial(url), request, body);
    if (this.duplicates) {
      // A hop that lost the answer sends the request again, and that one's answer is what arrives.
      send()
        .then((response) => response.arrayBuffer(), ignore)
        .catch(ignore);
    }
    return send();
  }
}

function ignore(): void {}
