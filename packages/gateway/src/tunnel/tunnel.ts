import { type Head, latin1 } from '@reverse-http/protocol/http1';
import type { Clock } from '@reverse-http/protocol/session';
import type { Visit } from '../visit/visit.js';
import { createPollEndpoint } from './poll-endpoint.js';
import type { Reception } from './reception.js';
import { createWebSocketEndpoint } from './web-socket-endpoint.js';

/** Where connectors dial in, below the root of a listener. */
const tunnelPrefix = '/.well-known/reverse-http/';

/** The connectors' side of a listener. */
export interface Tunnel {
  /** Serves a visit to one of the tunnel's endpoints. */
  serve(visit: Visit): void;
  /** Sends away all that have no session yet. */
  close(): void;
}

/** Makes a {@link Tunnel}. */
export function createTunnel(reception: Reception, clock: Clock): Tunnel {
  const webSocket = createWebSocketEndpoint(reception, clock);
  const poll = createPollEndpoint(reception, clock);
  return {
    serve(visit) {
      const name = pathWithoutQuery(visit.head).slice(tunnelPrefix.length);
      if (name === 'websocket') webSocket.serve(visit);
      else if (name === 'hello') poll.serveHello(visit);
      else if (name === 'poll' || name === 'post') poll.serveRequest(visit);
      else visit.fail('no-route', { detail: 'There is no such endpoint.' });
    },
    close: () => webSocket.close(),
  };
}

/** Whether a request is for something below `/.well-known/reverse-http/`: asked for every request, before routing. */
export function isForTunnel({ bytes, pathStart, pathEnd }: Head): boolean {
  if (pathEnd - pathStart < tunnelPrefix.length || bytes[pathStart + 1] !== 0x2e) return false;
  return latin1(bytes, pathStart, pathStart + tunnelPrefix.length) === tunnelPrefix;
}

function pathWithoutQuery({ bytes, pathStart, pathEnd }: Head): string {
  return latin1(bytes, pathStart, pathEnd).split('?', 1)[0]!;
}
