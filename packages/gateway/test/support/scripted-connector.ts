import type { Reason } from '@reverse-http/protocol/errors';
import type { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { latin1Bytes } from '@reverse-http/protocol/http1';
import type { ByteSource } from '@reverse-http/protocol/mux';
import { connectRaw, type RawConnector, type RawWorld } from './raw-connector.js';

/** A request as a connector gets it. */
export interface Received {
  readonly exchange: AcceptedExchange;
  /** Request line and all lines behind it. */
  readonly line: string;
  readonly lines: readonly string[];
  /** Values of a field or, with a colon before it, a metadata line; by its name in lower case. */
  all(name: string): string[];
  /** Resolves when the body is whole, or will never be. */
  readonly whole: Promise<{ readonly body: string; readonly trailers: string; readonly aborted?: Reason }>;
  /** The body so far. */
  body(): string;
  /** Resolves when the body so far holds a text. */
  until(text: string): Promise<void>;
  /** Answers: the head without its last empty line; without a body nothing follows. */
  answer(head: string, body?: string | ByteSource, trailers?: string): void;
  interim(head: string): void;
}

/** A connector that answers as a test says. */
export interface ScriptedConnector extends RawConnector {
  readonly requests: readonly Received[];
  /** The next request that nobody has asked for yet. */
  next(): Promise<Received>;
}

/** Settings of {@link connectScripted}. */
export interface ScriptOptions {
  readonly target?: string;
  readonly replica?: string;
  /** Further targets of the same session. */
  readonly targets?: readonly { readonly target: string; readonly replica: string }[];
  /** Whether bodies give their credit back. Default true. */
  readonly consumes?: boolean;
  readonly onRequest?: (request: Received) => void;
  readonly world?: RawWorld;
}

/** Registers and collects requests. */
export async function connectScripted(
  url: string,
  token: string | undefined,
  options: ScriptOptions = {},
): Promise<ScriptedConnector> {
  const { target = 'A', replica = 'r1', consumes = true, onRequest, world } = options;
  const requests: Received[] = [];
  const asking: ((request: Received) => void)[] = [];
  let asked = 0;
  const connector = await connectRaw(
    url,
    token,
    (exchange) => {
      let finish: (whole: { body: string; trailers: string; aborted?: Reason }) => void;
      const whole = new Promise<Awaited<Received['whole']>>((resolve) => {
        finish = resolve;
      });
      const pieces: string[] = [];
      let waiting: (() => void)[] = [];
      const body = (): string => pieces.join('');
      return {
        onRequest(head, ended) {
          const request = received(Buffer.from(head.bytes.subarray(head.start, head.end)).toString('latin1'), {
            exchange,
            whole,
            body,
            async until(text) {
              while (!body().includes(text)) await new Promise<void>((resolve) => void waiting.push(resolve));
            },
          });
          requests.push(request);
          if (ended) finish({ body: '', trailers: '' });
          onRequest?.(request);
          asking.shift()?.(request);
        },
        onBody(bytes) {
          pieces.push(Buffer.from(bytes).toString('latin1'));
          if (consumes) exchange.consumed(bytes.length);
          for (const wake of waiting.splice(0)) wake();
          waiting = [];
        },
        onEnd: (trailers) =>
          finish({ body: body(), trailers: trailers ? Buffer.from(trailers).toString('latin1') : '' }),
        onAborted: (aborted) => finish({ body: body(), trailers: '', aborted }),
      };
    },
    { targets: options.targets ?? [{ target, replica }] },
    world,
  );
  return {
    ...connector,
    requests,
    next() {
      asked++;
      const there = requests[asked - 1];
      return there ? Promise.resolve(there) : new Promise((resolve) => void asking.push(resolve));
    },
  };
}

function received(text: string, parts: Pick<Received, 'exchange' | 'whole' | 'body' | 'until'>): Received {
  const [line = '', ...lines] = text.slice(0, -4).split('\r\n');
  const { exchange } = parts;
  return {
    ...parts,
    line,
    lines,
    all: (name) =>
      lines
        .filter((one) => (name.startsWith(':') ? one.startsWith(`${name} `) : one.toLowerCase().startsWith(`${name}:`)))
        .map((one) => one.slice(name.length + 1).trim()),
    answer(head, body, trailers) {
      const { length } = typeof body === 'string' ? body : '';
      const framed = head.replace('LENGTH', String(length));
      exchange.sendHead(latin1Bytes(`HTTP/1.1 ${framed}\r\n\r\n`), body === undefined);
      if (body !== undefined) exchange.sendBody(typeof body === 'string' ? sourceOf(body, trailers) : body);
    },
    interim: (head) => exchange.sendInterim(latin1Bytes(`HTTP/1.1 ${head}\r\n\r\n`)),
  };
}

/** A body that is all there. */
export function sourceOf(text: string, trailers?: string): ByteSource {
  const bytes = latin1Bytes(text);
  let taken = 0;
  return {
    read(into, at, end) {
      const count = Math.min(end - at, bytes.length - taken);
      into.set(bytes.subarray(taken, taken + count), at);
      taken += count;
      return count;
    },
    get ended() {
      return taken === bytes.length;
    },
    trailers: trailers === undefined ? undefined : latin1Bytes(trailers),
  };
}

/** A body that never comes further than `text`. */
export function stuckSource(text: string): ByteSource {
  const source = sourceOf(text);
  return { read: (into, at, end) => source.read(into, at, end), ended: false, trailers: undefined };
}
