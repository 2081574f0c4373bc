import { channel } from 'node:diagnostics_channel';
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Head } from '@reverse-http/protocol/http1';
import { keepTick } from './keep-tick.js';
import { type MessageClasses, messageClassesOf, needDrainKey } from './message-classes.js';
import { highWaterMark } from './write-queue.js';

/** Hears of a handler that failed, or answered what is no answer. */
export type FailureListener = (error: unknown, request: IncomingMessage | undefined) => void;

/** What all exchanges of one server share. */
export interface ServerHost {
  readonly server: Server;
  /** Whether each exchange gets a connection that the server believes it accepted. */
  readonly virtual: boolean;
  readonly classes: MessageClasses;
  /** See {@link needDrainKey}. */
  readonly needDrain: symbol | undefined;
  /** Scratch for heads of answers. */
  readonly answerHead: Head;
  /** Scratch for trailers of requests. */
  readonly trailerHead: Head;
  /** Held, and never looked at: {@link keepTick}. */
  readonly keptTick: object;
  readonly onFailure: FailureListener;
  /** A request has come. */
  onBegun(): void;
  /** An exchange that had begun is over. */
  onDone(): void;
}

const requestStart = channel('http.server.request.start');
const responseFinish = channel('http.server.response.finish');

/** Collects what the exchanges of `server` need. */
export function createServerHost(
  server: Server,
  virtual: boolean,
  onFailure: FailureListener,
  onBegun: () => void,
  onDone: () => void,
): ServerHost {
  return {
    server,
    virtual,
    classes: messageClassesOf(server),
    needDrain: needDrainKey(new ServerResponse({ method: 'GET' } as IncomingMessage)),
    answerHead: new Head(),
    trailerHead: new Head(),
    keptTick: keepTick(),
    onFailure,
    onBegun,
    onDone,
  };
}

/** Options of the server that a response reads; not in the declarations of Node 20. */
interface ServerSettings {
  readonly rejectNonStandardBodyWrites?: boolean;
  readonly joinDuplicateHeaders?: boolean;
}

/** Makes the response to a request as the server's own parser would. */
export function createResponse({ server, classes }: ServerHost, request: IncomingMessage): ServerResponse {
  const { rejectNonStandardBodyWrites = false, joinDuplicateHeaders } = server as ServerSettings;
  const response = new classes.Response(request, { highWaterMark, rejectNonStandardBodyWrites });
  if (joinDuplicateHeaders) (request as { joinDuplicateHeaders?: boolean }).joinDuplicateHeaders = true;
  const key = classes.uniqueHeaders;
  if (key) (response as unknown as Record<symbol, unknown>)[key] = (server as unknown as Record<symbol, unknown>)[key];
  // No `Connection` and `Keep-Alive` fields of its own: they would only be taken out again.
  response.removeHeader('connection');
  return response;
}

/** Tells tracers of a request, as Node's parser would. */
export function publishStart(server: Server, request: IncomingMessage, response: ServerResponse): void {
  if (requestStart.hasSubscribers) requestStart.publish({ request, response, socket: request.socket, server });
}

/** Tells tracers that an answer is out. */
export function publishFinish(server: Server, request: IncomingMessage, response: ServerResponse): void {
  if (responseFinish.hasSubscribers) responseFinish.publish({ request, response, socket: request.socket, server });
}
