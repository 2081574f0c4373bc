import type { FetchRequest } from './fetch-handler.js';
import type { IncomingBody } from './incoming-body.js';
import { headersOf, type ReceivedHead } from './received-head.js';

/** What a request needs of its exchange. */
export interface IncomingRequestOwner {
  readonly signal: AbortSignal;
  readonly trailers: Promise<Headers>;
}

const utf8 = new TextDecoder();

/**
 * A request in the shape of `Request`, made of a copy of the head and little else. What it has to do with bodies beyond
 * plain reading is left to a `Response` of the runtime's own that takes the stream over.
 */
export class IncomingRequest implements FetchRequest {
  readonly method: string;
  readonly #head: ReceivedHead;
  readonly #origin: string;
  readonly #owner: IncomingRequestOwner;
  readonly #body: IncomingBody | undefined;
  /** Has taken the body over. */
  #holder: Response | undefined;
  #used = false;
  #headers: Headers | undefined;
  /** What stands for this one where the runtime wants a `Request` of its own making. */
  #real: Request | undefined;

  constructor(head: ReceivedHead, origin: string, owner: IncomingRequestOwner, body: IncomingBody | undefined) {
    this.method = head.method;
    this.#head = head;
    this.#origin = origin;
    this.#owner = owner;
    this.#body = body;
  }

  get url(): string {
    const { path } = this.#head;
    return new URL(this.#origin + (path === '*' ? '/*' : path)).href;
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#head.fields);
    return this.#headers;
  }

  get fields(): readonly (readonly [string, string])[] {
    return this.#head.fields;
  }

  get signal(): AbortSignal {
    return this.#owner.signal;
  }

  get trailers(): Promise<Headers> {
    return this.#owner.trailers;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#holder) return this.#holder.body;
    if (!this.#body) return null;
    // Read as a whole: a stream that is locked, as the one of a `Request` would be by now.
    if (this.#used) return lockedStream();
    return this.#body.stream() as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  get bodyUsed(): boolean {
    if (this.#holder) return this.#holder.bodyUsed;
    return this.#used || (this.#body?.touched ?? false);
  }

  async text(): Promise<string> {
    return utf8.decode(await this.#read());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#read();
    return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : new Uint8Array(bytes).buffer;
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.#read()], { type: this.#contentType });
  }

  async formData(): Promise<FormData> {
    return new Response(await this.#read(), { headers: { 'Content-Type': this.#contentType } }).formData();
  }

  clone(): IncomingRequest {
    if (!this.#isUsable) throw new TypeError('The body was read already, or is being read.');
    const copy = new IncomingRequest(this.#head, this.#origin, this.#owner, this.#body);
    if (this.#headers) copy.#headers = new Headers(this.#headers);
    if (this.#body) {
      this.#holder ??= new Response(this.body);
      copy.#holder = this.#holder.clone();
    }
    return copy;
  }

  toRequest(): Request {
    return this.#requestWith(this.method === 'GET' || this.method === 'HEAD' ? null : this.body);
  }

  /**
   * Makes an `instanceof Request` of every one, made or to be made, where the runtime has the class. Not done by `extends`, whose
   * constructor would make a true one first, nor before there is a handler for them: Node loads its whole `fetch` for it, 1.5 MB.
   *
   * Frameworks put `new Request(request, init)` in the place of the one they got (Hono's `bodyLimit`, `methodOverride`). Node 20
   * and 22 read what they know of a request from properties named by symbols: a true one answers for them, made when asked.
   */
  static standIn(): void {
    if (typeof Request !== 'function' || IncomingRequest.prototype instanceof Request) return;
    Object.setPrototypeOf(IncomingRequest.prototype, Request.prototype);
    for (const symbol of Object.getOwnPropertySymbols(new Request('http://localhost/'))) {
      Object.defineProperty(IncomingRequest.prototype, symbol, {
        get(this: IncomingRequest) {
          this.#real ??= this.#isUsable ? this.toRequest() : this.#usedRequest();
          return (this.#real as unknown as Record<symbol, unknown>)[symbol];
        },
      });
    }
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }

  // Below: what those of `Request.prototype` would refuse to say of an object that is none.

  get cache(): RequestCache {
    return 'default';
  }

  get credentials(): RequestCredentials {
    return 'same-origin';
  }

  get destination(): RequestDestination {
    return '';
  }

  get integrity(): string {
    return '';
  }

  get isHistoryNavigation(): boolean {
    return false;
  }

  get isReloadNavigation(): boolean {
    return false;
  }

  get keepalive(): boolean {
    return false;
  }

  get mode(): RequestMode {
    return 'cors';
  }

  get redirect(): RequestRedirect {
    return 'manual';
  }

  get referrer(): string {
    return 'about:client';
  }

  get referrerPolicy(): ReferrerPolicy {
    return '';
  }

  get duplex(): 'half' {
    return 'half';
  }

  get #contentType(): string {
    return this.headers.get('content-type') ?? '';
  }

  get #isUsable(): boolean {
    return !this.bodyUsed && !this.body?.locked;
  }

  /** A true one whose body was read as well: good for one with another body. */
  #usedRequest(): Request {
    const request = this.#requestWith('');
    void request.text();
    return request;
  }

  #requestWith(body: BodyInit | null): Request {
    const { url, method, headers, signal } = this;
    return new Request(url, { method, headers, signal, redirect: 'manual', body, duplex: 'half' } as RequestInit);
  }

  async #read(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#body?.streaming && !this.#holder && !this.#used) this.#holder = new Response(this.body);
    if (this.#holder) return new Uint8Array(await this.#holder.arrayBuffer());
    if (!this.#body) return new Uint8Array(0);
    if (this.#used) throw new TypeError('The body was read already.');
    this.#used = true;
    return this.#body.whole() as Promise<Uint8Array<ArrayBuffer>>;
  }
}

// What `console.log` shows in Node, whose own way of showing a `Request` wants a true one.
Object.defineProperty(IncomingRequest.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: IncomingRequest) {
    const { method, url, headers } = this;
    return { method, url, headers };
  },
});

function lockedStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>();
  stream.getReader();
  return stream;
}
