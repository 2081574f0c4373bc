import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { createToken } from '../credentials/token.js';
import { createGatewayOn, type Gateway } from '../gateway.js';
import type { GatewayOptions } from '../gateway-options.js';
import type { Machine, AcceptedSocket as TestSocket } from '../machine/machine.js';
import { resolveGatewayOptions } from '../options/resolve-gateway-options.js';
import { tickerOn } from '../timing/ticker-on.js';
import { fetchBy, type RequestBody } from './fetch-by.js';
import type { Line } from './memory-connection.js';
import { createMemoryNetwork, type MemoryNetwork } from './memory-network.js';
import { createTestClock, type ObservedClock, type TestClock } from './test-clock.js';
import {
  createTestLink,
  type LinkHost,
  type MoreConnectOptions,
  type TestConnectOptions,
  type TestLink,
} from './test-link.js';

/** Options of {@link startTestGateway}: those of a gateway, but for the admin listener, which would open a port. */
export type TestGatewayOptions = Omit<GatewayOptions, 'admin'>;

/** What a visitor's request of {@link TestGateway.fetch} may say beside what every `fetch` takes. */
export interface TestRequestInit extends RequestInit {
  /** Target asked, whatever the routes say. Default: the routes decide, by the URL. */
  readonly target?: string;
  /** Address that the visitor comes from, where the routes decide. Default `127.0.0.1`. */
  readonly from?: string;
}

/** Where a visitor of {@link TestGateway.dial} comes from, and goes to. */
export interface TestDialOptions {
  /** Port of the listener. Default: that of the gateway's URL. */
  readonly port?: number;
  /** Address that the visitor comes from. Default `127.0.0.1`. */
  readonly from?: string;
}

/** A gateway in memory. It is the real one, with its options, its endpoints and its deadlines; only time and sockets are the test's. */
export interface TestGateway
  extends Pick<Gateway, 'targets' | 'sessions' | 'listeners' | 'kick' | 'drain' | 'listen' | 'reload'> {
  /** What time it is for the gateway, and for every connector that was given {@link connectOptions}. */
  readonly clock: TestClock;
  /** The link of {@link connectOptions}, and what can happen to it. */
  readonly link: TestLink;
  /** Where it would be: `publicUrl`, else the first listener, by a name that it serves. Nothing listens there: ask by {@link fetch}. */
  readonly url: string;
  /** What a connector has to show; undefined where `auth` was given. */
  readonly token: string | undefined;
  /** Options for `connect()`, of either entry of the connector; `more` are further ones, which win. */
  connectOptions<const More extends object>(more: MoreConnectOptions<More>): TestConnectOptions & More;
  /** One more link, for a connector whose link fails on its own. */
  createLink(): TestLink;
  /**
   * Asks as a visitor: by the routes, or a `target` at once. A path alone is one of the gateway's own URL. What comes is
   * what the gateway says: no redirect is followed. A held request is answered when the clock moves.
   *
   * @throws TypeError when the connection breaks, as the global `fetch`; its `cause` says how. What the signal was aborted with.
   */
  fetch(input: string | URL | Request, init?: TestRequestInit): Promise<Response>;
  /**
   * A visitor's connection, for what `fetch` cannot do: raw bytes, or another client's option `createConnection`, as those of
   * `http.request` and `ws` are.
   */
  dial(options?: TestDialOptions): TestSocket;
  /** Ends it as SIGTERM does: running exchanges get 30 s of the clock. {@link start} begins anew. */
  stop(): Promise<void>;
  /** Ends it as `kill -9` does: every connection is reset, nobody is told anything. {@link start} begins anew. */
  kill(): Promise<void>;
  /** Starts it after {@link stop} or {@link kill}, with the same options and token. It knows nothing of what was before. */
  start(): Promise<void>;
  /** {@link kill}, then {@link start}. */
  restart(): Promise<void>;
  /** The end of the test: aborts the connections that have its {@link connectOptions}, and ends everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a gateway in memory, for the tests of what connects to it and of the functions that it is configured with. Its
 * time of grace after the start is over when the promise resolves; after a {@link TestGateway.restart} it counts.
 *
 * @throws ReverseHttpError `bad-option`, as `createGateway`.
 * @example
 * const gateway = await startTestGateway();
 * const connection = connect(app, gateway.connectOptions({ target: 'A' }));
 * await connection.ready;
 *
 * const answer = gateway.fetch('/gw/A/report');
 * gateway.link.cut();
 * await gateway.clock.advance(1000);
 * assert.equal((await answer).status, 200); // It waited for the link.
 *
 * await gateway.close();
 */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = new MemoryGateway(options);
  await gateway.start();
  const { startGraceMs } = resolveGatewayOptions(options);
  if (Number.isFinite(startGraceMs)) await gateway.clock.advance(startGraceMs);
  return gateway;
}

const loopback = '127.0.0.1';

class MemoryGateway implements TestGateway {
  readonly clock: ObservedClock = createTestClock();
  readonly link: TestLink;
  readonly token: string | undefined;
  url = '';
  readonly #network: MemoryNetwork = createMemoryNetwork();
  readonly #machine: Machine;
  readonly #ended = new AbortController();
  readonly #visitors: Line;
  #options: TestGatewayOptions;
  #gateway: Gateway | undefined;

  constructor(options: TestGatewayOptions) {
    const { clock } = this;
    this.#options = options;
    this.token = options.auth === undefined && options.connectors?.tokens === undefined ? createToken() : undefined;
    this.#machine = {
      clock,
      ticker: tickerOn(clock),
      epochMs: () => clock.epochMs(),
      createServer: () => this.#network.createServer(),
    };
    this.#visitors = { clock, isStalled: false, delayMs: 0, allow: (wanted) => wanted, onOpened() {}, onClosed() {} };
    this.link = this.createLink();
  }

  get targets(): Gateway['targets'] {
    return this.#gateway?.targets ?? new Map();
  }

  get sessions(): Gateway['sessions'] {
    return this.#gateway?.sessions ?? new Map();
  }

  get listeners(): Gateway['listeners'] {
    return this.#gateway?.listeners ?? [];
  }

  kick(...args: Parameters<Gateway['kick']>): number {
    return this.#running.kick(...args);
  }

  drain(target: string): Promise<void> {
    return this.#running.drain(target);
  }

  listen(...args: Parameters<Gateway['listen']>): ReturnType<Gateway['listen']> {
    return this.#running.listen(...args);
  }

  async reload(options: TestGatewayOptions): Promise<void> {
    await this.#running.reload(this.#complete(options));
    this.#options = options;
    this.url = urlOf(this.#running, options);
  }

  connectOptions<const More extends object>(more: MoreConnectOptions<More>): TestConnectOptions & More {
    return this.link.connectOptions(more);
  }

  createLink(): TestLink {
    const gateway = this;
    const host: LinkHost = {
      clock: this.clock,
      token: this.token,
      signal: this.#ended.signal,
      get url() {
        return gateway.url;
      },
      dial: (url, line) => this.#network.dial(portOf(url), line, loopback),
    };
    return createTestLink(host);
  }

  async fetch(input: string | URL | Request, init: TestRequestInit = {}): Promise<Response> {
    const { target, from = loopback, ...rest } = init;
    const isStream = rest.body instanceof ReadableStream;
    const request = new Request(
      input instanceof Request ? input : new URL(input, this.url),
      isStream ? { duplex: 'half', ...rest } : rest,
    );
    if (target !== undefined) return this.#running.fetch(request, { target });
    const body = await bodyOf(request, isStream || input instanceof Request);
    return fetchBy((url) => this.#network.dial(portOf(url), this.#visitors, from), request, body);
  }

  dial({ port = portOf(new URL(this.url)), from = loopback }: TestDialOptions = {}): TestSocket {
    return this.#network.dial(port, this.#visitors, from);
  }

  async stop(): Promise<void> {
    const gateway = this.#gateway;
    this.#gateway = undefined;
    await gateway?.close();
  }

  async kill(): Promise<void> {
    const gateway = this.#gateway;
    this.#gateway = undefined;
    this.#network.kill();
    if (gateway) await this.clock.until(gateway.abort()); // What it does at once, it does by timers of 0 ms.
    await this.clock.settle();
  }

  async start(): Promise<void> {
    if (this.#gateway) return;
    const gateway = createGatewayOn(this.#machine, this.#complete(this.#options));
    await gateway.start();
    this.#gateway = gateway;
    this.url = urlOf(gateway, this.#options);
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async close(): Promise<void> {
    this.#ended.abort(new ReverseHttpError('closed', 'the gateway of the test was closed'));
    await this.kill();
  }

  get #running(): Gateway {
    if (!this.#gateway) throw new ReverseHttpError('closed', 'the gateway does not run at the moment; start() it');
    return this.#gateway;
  }

  #complete(options: TestGatewayOptions): GatewayOptions {
    return { ...options, admin: 'off', ...(this.token === undefined ? {} : { auth: { tokens: [this.token] } }) };
  }
}

/** With a name that is served, where loopback is not. */
function urlOf({ url = '' }: Gateway, { publicUrl, listeners }: TestGatewayOptions): string {
  const host = publicUrl === undefined ? listeners?.[0]?.hosts?.[0] : undefined;
  if (host === undefined) return url;
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${new URL(url).port}`).origin;
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
}

/** Whole where it is known, for then its length is. */
async function bodyOf(request: Request, isStream: boolean): Promise<RequestBody> {
  if (request.body === null || isStream) return request.body;
  return new Uint8Array(await request.arrayBuffer());
}
