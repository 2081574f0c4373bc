import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expectTypeOf, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type CloseReason,
  type Connection,
  type ConnectOptions,
  connect,
  type FetchConnectOptions,
  type FetchContext,
  type FetchHandler,
  type FetchRequest,
  type UpgradedStream,
} from '../src/index.js';
import { byTarget, connect as connectNode, type NodeConnectOptions } from '../src/node/index.js';

// The types alone matter here: `npm run check` compiles this file, and nothing below is called.
const typesOnly = (_body: () => void): void => {};
const options = { gateway: 'https://gw.example.com', target: 'A' };
/** A Hono application, as its declarations have it. */
declare const hono: {
  fetch: (
    request: Request,
    env?: object,
    context?: { waitUntil(promise: Promise<unknown>): void },
  ) => Response | Promise<Response>;
};

it('the root entry infers what a handler gets, and takes what it may answer', () => {
  typesOnly(() => {
    const connection = connect(
      (request, context) => {
        expectTypeOf(request).toEqualTypeOf<FetchRequest>();
        expectTypeOf(request).toExtend<Request>();
        expectTypeOf(request.clone()).toEqualTypeOf<FetchRequest>();
        expectTypeOf(request.toRequest()).toEqualTypeOf<Request>();
        expectTypeOf(context).toEqualTypeOf<FetchContext>();
        expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
        expectTypeOf(context.upgrade()).toEqualTypeOf<UpgradedStream>();
        return new Response('x');
      },
      { ...options, onError: (_error, request) => expectTypeOf(request).toEqualTypeOf<FetchRequest | undefined>() },
    );
    expectTypeOf(connection).toEqualTypeOf<Connection>();
    connect(hono, options);
    connect({ fetch: (request) => new Response(request.body) }, options);
    connect(async () => ({ status: 201, headers: { 'Set-Cookie': ['a=1', 'b=2'], Age: 5 }, body: 'x' }), options);
    connect(() => ({ headers: new Headers(), body: new Blob([]), trailers: async () => [['a', 'b']] }), options);
    connect(
      () => ({
        body: (async function* () {
          yield 'x';
        })(),
      }),
      options,
    );
    connect((_request, { upgrade }) => upgrade(), options);
    connect(() => new Response(), { ...options, WebSocket, fetch, maxConcurrent: 5, onRefused: 'retry' });
    // @ts-expect-error -- a handler must answer
    connect(() => {}, options);
    // @ts-expect-error -- text alone is no answer
    connect(() => 'x', options);
    // @ts-expect-error -- a body is no number
    connect(() => ({ body: 5 }), options);
    // @ts-expect-error -- the target is missing
    connect(() => new Response(), { gateway: 'https://gw.example.com' });
    // @ts-expect-error -- an http.Server is served by the Node entry alone
    connect(createServer(), options);
    expectTypeOf<FetchConnectOptions>().toExtend<ConnectOptions<FetchRequest>>();
    expectTypeOf<FetchHandler>().toExtend<Parameters<typeof connect>[0]>();
  });
});

it('the Node entry tells its kinds of handlers apart', () => {
  typesOnly(() => {
    connectNode(
      (request, response) => {
        expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
        expectTypeOf(response).toExtend<ServerResponse>();
      },
      { ...options, onError: (_error, request) => expectTypeOf(request).toEqualTypeOf<IncomingMessage | undefined>() },
    );
    connectNode(createServer(), {
      ...options,
      onError: (_error, request) => expectTypeOf(request).toEqualTypeOf<IncomingMessage | undefined>(),
    });
    connectNode(
      {
        fetch: (request, context) => {
          expectTypeOf(request).toEqualTypeOf<FetchRequest>();
          expectTypeOf(context).toEqualTypeOf<FetchContext>();
          return new Response();
        },
      },
      { ...options, onError: (_error, request) => expectTypeOf(request).toEqualTypeOf<FetchRequest | undefined>() },
    );
    connectNode(hono, options);
    connectNode(3000, { ...options, origin: { hostHeader: 'rewrite' } });
    expectTypeOf(connectNode('http://127.0.0.1:3000', options)).toEqualTypeOf<Connection>();
    // @ts-expect-error -- a misspelt option of the origin
    connectNode(3000, { ...options, origin: { hostheader: 'rewrite' } });
    connectNode(byTarget({ a: 3000, b: createServer(), c: hono }), { gateway: options.gateway });
    connectNode(byTarget({ a: { to: 3000, hostHeader: 'rewrite' } }), { gateway: options.gateway });
    // @ts-expect-error -- a misspelt option
    byTarget({ a: { to: 3000, hostheader: 'rewrite' } });
    // @ts-expect-error -- the targets are named there
    connectNode(byTarget({ a: 3000 }), { gateway: options.gateway, target: 'a' });
    // @ts-expect-error -- an object that cannot answer
    connectNode({}, options);
    expectTypeOf<NodeConnectOptions>().toExtend<ConnectOptions<IncomingMessage>>();
  });
});

it('a connection has what it promises', () => {
  typesOnly(() => {
    const connection = connect(() => new Response(), options);
    expectTypeOf(connection.ready).resolves.toHaveProperty('urls');
    expectTypeOf(connection.ready).resolves.toHaveProperty('transport');
    expectTypeOf(connection.closed).resolves.toEqualTypeOf<CloseReason>();
    expectTypeOf(connection.url).toEqualTypeOf<string | undefined>();
    expectTypeOf(connection.lastRoundTripAt).toEqualTypeOf<number | undefined>();
    expectTypeOf(connection.close).parameter(0).toExtend<{ graceMs?: number } | undefined>();
    if (connection.state.state === 'ready') expectTypeOf(connection.state.url).toEqualTypeOf<string>();
    // @ts-expect-error -- a state has the fields of its own tag alone
    void connection.state.url;
  });
});
