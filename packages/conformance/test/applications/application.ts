import { type ConnectOptions, connect, type NodeHandler } from '@reverse-http/connector/node';
import { createGateway, type Gateway, type GatewayOptions } from '@reverse-http/gateway';
import { Agent, type RequestInit, type Response, fetch as undiciFetch } from 'undici';

type Transport = 'websocket' | 'poll';
type Route = 'path' | 'host';

/** Each transport with each kind of route. */
export const everyWay: readonly { readonly transport: Transport; readonly route: Route }[] = [
  { transport: 'websocket', route: 'path' },
  { transport: 'websocket', route: 'host' },
  { transport: 'poll', route: 'path' },
  { transport: 'poll', route: 'host' },
];

/** An application behind a gateway of its own. */
export interface Application {
  readonly gateway: Gateway;
  /** Below the gateway's prefix, or under the name `localhost`; ends in `/`. */
  readonly url: string;
  /** The path of it, for clients that want one by itself. */
  readonly path: string;
  /** Asks for a path relative to {@link Application.url}. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** How to reach it, and who is there. */
export interface ApplicationOptions {
  readonly transport: Transport;
  readonly route: Route;
  readonly gateway?: GatewayOptions;
}

/** Connects what answers, each as a replica of one target, and waits until all are there. */
export async function serve(
  handlers: NodeHandler | { fetch: (request: never) => unknown } | readonly NodeHandler[],
  { transport, route, gateway: options }: ApplicationOptions,
): Promise<Application> {
  const gateway = createGateway({ listeners: [{ port: 0, routes: [routes[route]] }], ...options });
  await gateway.start();
  const connections = [handlers].flat().map((handler) =>
    connect(handler as NodeHandler, {
      gateway: gateway.url!,
      token: gateway.token!,
      target: 'app',
      transport,
      logger: false,
    } satisfies ConnectOptions),
  );
  await Promise.all(connections.map(({ ready }) => ready));
  const { url } = connections[0]!;
  if (url === undefined) throw new Error('there is no way to it');
  const dispatcher = new Agent();
  return {
    gateway,
    url,
    path: new URL(url).pathname,
    fetch: (path, init) => undiciFetch(new URL(path, url), { ...init, dispatcher }),
    async close() {
      await dispatcher.destroy();
      for (const connection of connections) connection.abort();
      await gateway.abort();
    },
  };
}

/** A host name that resolves everywhere: names below `localhost` do not. */
const routes = { path: { path: '/gw' }, host: { host: { localhost: 'app' } } } as const;

/** A body's pieces as text, each awaited when it is asked for; an empty text at the end. */
export function piecesOf(response: Response): () => Promise<string> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  return async () => decoder.decode((await reader.read()).value as Uint8Array | undefined, { stream: true });
}
