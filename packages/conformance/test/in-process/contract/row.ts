import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Client } from './client.js';

/** Notes what an application sees. */
export type Notes = (...values: unknown[]) => void;

/** Whatever an event brings. */
export type Listener = (...args: any[]) => void;

/** What a row's own listeners have at hand. */
export interface Stand {
  readonly see: Notes;
  /** Adds a listener that is gone with the row. */
  on(event: string, listener: Listener): void;
  readonly server: Server;
}

/** One small application, one visitor, and what is to be the same whichever way the visitor came. */
export interface Row {
  readonly name: string;
  /** What the visitor sends: a request, or a script, which may note what the visitor sees. Default: a plain GET. */
  readonly send?: string | ((client: Client, see: Notes) => Promise<void>);
  /** The listener for `request`; what happens to its two objects is noted too. */
  readonly app?: (req: IncomingMessage, res: ServerResponse, see: Notes) => unknown;
  /** Adds listeners; resolves when there is nothing more to see. For what is no plain request. */
  readonly setUp?: (stand: Stand) => Promise<unknown> | undefined;
  /** For a server of its own. */
  readonly options?: ServerOptions;
  /** The two objects' events are compared for each by itself: which comes first is chance. */
  readonly apart?: boolean;
  /** Something happens before the request is whole, or a moment after: `complete` is not compared. */
  readonly early?: boolean;
  /** Only what the application says it sees is compared, not the events of the two objects. */
  readonly quiet?: boolean;
  /** Which difference of `docs/http-in-process.md` shows, and what is seen and got instead. */
  readonly differs?: Difference;
}

/** What is not the same. */
export interface Difference {
  /** Its heading on the page. */
  readonly id: string;
  /** Where: on a sink only, or on a virtual connection too. */
  readonly on: 'sink' | 'both';
  /** Makes of what is seen and got over a socket what is to be expected. */
  readonly change: (outcome: Outcome) => Outcome;
}

/** What one way showed. */
export interface Outcome {
  readonly seen: readonly string[];
  readonly got: readonly string[];
}

/** A GET with further field lines. */
export function get(...lines: string[]): string {
  return requestOf('GET / HTTP/1.1', lines);
}

/** A POST whose body's length is told. */
export function post(body: string, ...lines: string[]): string {
  return requestOf('POST / HTTP/1.1', [`Content-Length: ${Buffer.byteLength(body)}`, ...lines]) + body;
}

/** A POST in chunks, with trailer lines. */
export function chunked(chunks: readonly string[], trailers: readonly string[] = [], ...lines: string[]): string {
  const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
  const end = `0\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
  return requestOf('POST / HTTP/1.1', ['Transfer-Encoding: chunked', ...lines]) + body + end;
}

/** A head. */
export function requestOf(line: string, lines: readonly string[]): string {
  return `${[line, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
}

/** What is seen with another text in its place. */
export function seeing(there: string, here: string): Difference['change'] {
  return ({ seen, got }) => ({ got, seen: seen.map((line) => line.replace(there, here)) });
}
