import type { ServerResponse } from 'node:http';
import type { GatewayEvent } from '../targets/status.js';

/** Settings of {@link createEventStreams}. */
export interface EventStreamsOptions {
  readonly subscribe: (listener: (event: GatewayEvent) => void) => () => void;
  /** How often a comment shows that the stream is alive, ms. Default 15,000: proxies cut what is silent for longer. */
  readonly heartbeatMs?: number;
  /** Streams at a time; the next is refused. Default 64. */
  readonly maxStreams?: number;
  /** What may wait for one reader, bytes; one who leaves more is let go. Default 64 KiB. */
  readonly maxQueuedBytes?: number;
}

/** The event streams that are open (server-sent events, as WHATWG HTML has them). */
export interface EventStreams {
  /** Whether there is room for another. */
  readonly hasRoom: boolean;
  /** Answers with a stream that lasts until either side ends it. */
  serve(response: ServerResponse): void;
  /** Ends all of them. */
  close(): void;
}

/** Who is let go because it does not read gets this long to read why, ms. */
const lastWordMs = 5000;

/** Makes {@link EventStreams}. While none is open, nobody listens to the gateway and no timer runs. */
export function createEventStreams(options: EventStreamsOptions): EventStreams {
  const { subscribe, heartbeatMs = 15_000, maxStreams = 64, maxQueuedBytes = 64 * 1024 } = options;
  const open = new Set<ServerResponse>();
  let stopListening: (() => void) | undefined;

  function listen(): () => void {
    const unsubscribe = subscribe((event) => writeToAll(`event: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`));
    const heartbeat = setInterval(() => writeToAll(': alive\n\n'), heartbeatMs).unref();
    return () => {
      clearInterval(heartbeat);
      unsubscribe();
    };
  }

  function writeToAll(text: string): void {
    for (const response of [...open]) {
      if (response.writableLength + text.length > maxQueuedBytes) letGo(response);
      else response.write(text);
    }
  }

  function letGo(response: ServerResponse): void {
    leave(response);
    response.end(': dropped: events are not read as fast as they come\n\n');
    const timer = setTimeout(() => response.destroy(), lastWordMs).unref();
    response.once('close', () => clearTimeout(timer));
  }

  function leave(response: ServerResponse): void {
    if (!open.delete(response) || open.size > 0) return;
    stopListening?.();
    stopListening = undefined;
  }

  return {
    get hasRoom() {
      return open.size < maxStreams;
    },
    serve(response) {
      stopListening ??= listen();
      response.writeHead(200, {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        // Some proxies gather small answers otherwise.
        'X-Accel-Buffering': 'no',
        'X-Content-Type-Options': 'nosniff',
      });
      response.write(': connected\n\n');
      response.once('close', () => leave(response));
      open.add(response);
    },
    close() {
      for (const response of [...open]) {
        leave(response);
        response.end(': closed: the gateway is shutting down\n\n');
      }
    },
  };
}
