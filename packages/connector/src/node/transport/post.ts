import type { Post } from '../../transport/poll.js';
import { type ConnectionDialler, createConnectionDialler } from '../client/connection-dialler.js';
import { ConnectionPool } from '../client/connection-pool.js';
import { serverAddressOf } from '../client/server-address.js';
import { nodeClock } from '../node-clock.js';
import type { OutboundProxy } from '../proxy/outbound-proxy.js';
import { createProxiedDialler } from '../proxy/proxied-dialler.js';
import type { Proxies } from '../proxy/proxies.js';
import { type Endpoint, PostExchange } from './post-exchange.js';
import type { TlsOptions } from './web-socket.js';

/** Connections to a gateway; polls and posts at a time are six at most. */
const maxConnections = 8;
/** How long one is kept for the next request, ms: under the 5 s after which many servers close. */
const idleTimeoutMs = 4000;
const connectTimeoutMs = 10_000;
/** A head and the body behind it leave together where they fit, as they do for all but bulk data. */
const blockBytes = 64 * 1024;

/**
 * POST on kept connections; a request that a closing connection swallowed is the caller's to repeat. One that is given up
 * brought no answer in time: what swallowed it has swallowed the idle connections too, perhaps, and the repeat goes on a
 * fresh one.
 */
export function createPost(tls: TlsOptions = {}, proxies: Proxies = new Map()): Post {
  const pools = new Map<string, ConnectionPool>();
  const endpoints = new Map<string, Endpoint>();

  function poolTo(url: URL): ConnectionPool {
    const known = pools.get(url.origin);
    if (known) return known;
    const dialler = diallerTo(url, tls, proxies.get(url.origin));
    const pool = new ConnectionPool({ dialler, maxConnections, idleTimeoutMs, clock: nodeClock });
    pools.set(url.origin, pool);
    return pool;
  }

  function endpointOf(text: string): Endpoint {
    const known = endpoints.get(text);
    if (known) return known;
    const url = new URL(text);
    const endpoint = { pool: poolTo(url), ...addressed(url, proxies.get(url.origin)) };
    endpoints.set(text, endpoint);
    return endpoint;
  }

  return (url, body, done, onMoved) => {
    const endpoint = endpointOf(url);
    const exchange = new PostExchange(endpoint, body, done, onMoved);
    exchange.begin();
    return () => {
      exchange.giveUp();
      endpoint.pool.closeIdle();
    };
  };
}

function diallerTo(url: URL, tls: TlsOptions, proxy: OutboundProxy | undefined): ConnectionDialler {
  const options = {
    address: serverAddressOf(url),
    tls: tls as object,
    connectTimeoutMs,
    blockBytes,
    clock: nodeClock,
  };
  return proxy ? createProxiedDialler(proxy, options) : createConnectionDialler(options);
}

/** What stands before the length of a request's body. A proxy that is asked itself gets the whole URL (RFC 9112, section 3.2.2). */
function addressed(url: URL, proxy: OutboundProxy | undefined): Pick<Endpoint, 'head' | 'proxy'> {
  const { origin, pathname, search, host } = url;
  const asked = url.protocol === 'http:' ? proxy : undefined;
  const credentials = asked?.authorization === undefined ? '' : `Proxy-Authorization: ${asked.authorization}\r\n`;
  const head =
    `POST ${asked ? origin : ''}${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${credentials}` +
    'Content-Type: application/octet-stream\r\nContent-Length: ';
  return { head, proxy: asked };
}
