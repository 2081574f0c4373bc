import { expectTypeOf, it } from 'vitest';
import {
  byFunction,
  byHost,
  byPath,
  createGateway,
  createTokenStore,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
  type Listener,
  type RouteRequest,
  type SessionStatus,
  type TargetStatus,
  toTarget,
} from '../src/index.js';

// The types alone matter here: `npm run check` compiles this file, and nothing below is called.
const typesOnly = (_body: () => void): void => {};
declare const gateway: Gateway;

it('every kind of route and credential fits where it belongs', () => {
  typesOnly(() => {
    createGateway();
    createGateway({
      listeners: [
        { port: 8080, routes: [byHost('*.localhost'), byPath('/gw', { keepPrefix: true }), toTarget('A')] },
        { address: '[::1]:8081', routes: [{ path: '/gw' }, { host: { 'a.example': 'A' } }, { header: 'X-Target' }] },
        {
          routes: [
            (request) => {
              expectTypeOf(request).toEqualTypeOf<RouteRequest>();
              return { target: request.header('x') ?? 'A', prefix: '/x' };
            },
            async () => undefined,
            byFunction(({ host }) => host),
          ],
        },
      ],
    });
    createGateway({ auth: 'none' });
    createGateway({ auth: { tokens: ['t'] } });
    createGateway({ auth: createTokenStore({ path: 'tokens.json' }) });
    createGateway({
      auth: async (hello) => {
        expectTypeOf(hello.token).toEqualTypeOf<string | undefined>();
        return hello.token === 't' ? { targets: ['a-*'], owner: 'o', id: 'i', expiresAt: 5 } : undefined;
      },
      onEvent: (event) => expectTypeOf(event).toEqualTypeOf<GatewayEvent>(),
      accessLog: ({ status, reason }) =>
        expectTypeOf([status, reason]).toEqualTypeOf<(number | string | undefined)[]>(),
      deadlines: { hold: '5s', total: 'off', idle: 250 },
    });
    // @ts-expect-error -- a misspelt option
    createGateway({ listeners: [{ prot: 8080 }] });
    // @ts-expect-error -- a misspelt option of a route
    createGateway({ listeners: [{ routes: [{ path: '/gw', keepPrefx: true }] }] });
    // @ts-expect-error -- nobody is let in by another word
    createGateway({ auth: 'off' });
    // @ts-expect-error -- a route that yields no id
    createGateway({ listeners: [{ routes: [() => 5] }] });
  });
});

it('a gateway has what it promises, and what it shows is to be read alone', () => {
  typesOnly(() => {
    expectTypeOf(gateway.start()).resolves.toEqualTypeOf<void>();
    expectTypeOf(gateway.listen({ port: 0, routes: [toTarget('A')] })).resolves.toEqualTypeOf<Listener>();
    expectTypeOf(gateway.reload).parameters.toEqualTypeOf<[GatewayOptions]>();
    expectTypeOf(gateway.listeners).toEqualTypeOf<readonly Listener[]>();
    expectTypeOf(gateway.url).toEqualTypeOf<string | undefined>();
    expectTypeOf(gateway.token).toEqualTypeOf<string | undefined>();
    expectTypeOf(gateway.targets).toEqualTypeOf<ReadonlyMap<string, TargetStatus>>();
    expectTypeOf(gateway.sessions).toEqualTypeOf<ReadonlyMap<string, SessionStatus>>();
    expectTypeOf(gateway.kick('A', { forMs: 5 })).toEqualTypeOf<number>();
    expectTypeOf(gateway.kick({ session: 's' })).toEqualTypeOf<number>();
    expectTypeOf(gateway.drain('A')).resolves.toEqualTypeOf<void>();
    expectTypeOf(gateway.fetch(new Request('http://a/'), { target: 'A' })).resolves.toEqualTypeOf<Response>();
    expectTypeOf(gateway.subscribe((event) => event.time)).toEqualTypeOf<() => void>();
    // @ts-expect-error -- who is connected is not for callers to say
    gateway.targets.delete('A');
    // @ts-expect-error -- nor how it is reached
    gateway.url = 'http://localhost';
  });
});
