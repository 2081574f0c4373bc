import { ClientConnection } from '../client/client-connection.js';
import {
  type ConnectionDialler,
  type ConnectionDiallerOptions,
  createConnectionDialler,
} from '../client/connection-dialler.js';
import { createLookup } from '../client/lookup.js';
import { type OutboundProxy, troubleWith } from './outbound-proxy.js';
import { openTunnel, tunnelTimeoutMs } from './tunnel.js';

/**
 * Opens connections to a server behind a proxy: through it where the server speaks TLS, else to the proxy, which wants
 * requests with a whole URL then. That is how browsers do it, and many proxies pass no tunnel to any port but 443.
 */
export function createProxiedDialler(proxy: OutboundProxy, options: ConnectionDiallerOptions): ConnectionDialler {
  return options.address.secure ? throughTunnels(proxy, options) : toProxy(proxy, options);
}

function toProxy(proxy: OutboundProxy, options: ConnectionDiallerOptions): ConnectionDialler {
  const { dial } = createConnectionDialler({
    ...options,
    address: proxy.address,
    tls: {},
    connectTimeoutMs: tunnelTimeoutMs,
  });
  return {
    dial: (keeper, listener) =>
      dial(keeper, {
        onConnected: (connection) => listener.onConnected(connection),
        onFailed: (error) => listener.onFailed(new Error(troubleWith(proxy, error), { cause: error })),
      }),
  };
}

function throughTunnels(proxy: OutboundProxy, options: ConnectionDiallerOptions): ConnectionDialler {
  const { address, tls, clock, blockBytes } = options;
  const lookup = createLookup();
  return {
    dial: (keeper, listener) =>
      openTunnel(
        { proxy, address, tls, clock, lookup },
        {
          onOpened(socket) {
            const connection = new ClientConnection(socket, keeper, blockBytes);
            socket.on('data', (bytes: Uint8Array) => connection.onBytes(bytes));
            listener.onConnected(connection);
          },
          onFailed: (error) => listener.onFailed(error),
        },
      ),
  };
}
