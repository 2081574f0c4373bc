import { createManualClock } from '@reverse-http/protocol/session';
import { describe, expect, test } from 'vitest';
import { byCookie } from '../../src/routing/by-cookie.js';
import { byFunction, type RouteFunction } from '../../src/routing/by-function.js';
import { byHeader } from '../../src/routing/by-header.js';
import { byHost } from '../../src/routing/by-host.js';
import { byPath } from '../../src/routing/by-path.js';
import type { Route } from '../../src/routing/route.js';
import { createRouter } from '../../src/routing/router.js';
import { toTarget } from '../../src/routing/to-target.js';
import type { Visit } from '../../src/visit/visit.js';
import { scanRequest } from '../support/scan-request.js';

const peer = { address: '203.0.113.7', port: 5, secure: false };
const visitTo = (text: string): Visit => ({ head: scanRequest(text), peer, settled: false }) as unknown as Visit;
const everything = 'GET /gw/P/x HTTP/1.1\r\nHost: h.localhost\r\nCookie: target=C\r\nX-Target: H';

function routerOf(routes: readonly (Route | RouteFunction)[]) {
  const errors: unknown[] = [];
  const clock = createManualClock();
  const made = routes.map((route) => (typeof route === 'function' ? byFunction(route) : route));
  const router = createRouter(made, clock, (error) => void errors.push(error));
  return { router, errors, clock };
}

describe('the first route that yields a target wins', () => {
  const cookie = byCookie('target');
  const path = byPath('/gw');
  const header = byHeader('X-Target');
  const host = byHost('*.localhost');
  const fn: RouteFunction = () => 'F';
  const later: RouteFunction = async () => 'L';
  const nothing: RouteFunction = () => undefined;
  const nothingLater: RouteFunction = async () => undefined;
  const rows: [string, (Route | RouteFunction)[], string | undefined, string | undefined][] = [
    ['cookie, path, header', [cookie, path, header], 'C', 'Cookie'],
    ['path, cookie, header', [path, cookie, header], 'P', undefined],
    ['header, path, cookie', [header, path, cookie], 'H', 'X-Target'],
    ['another cookie, path', [byCookie('other'), path], 'P', 'Cookie'],
    ['another cookie and header, host', [byCookie('other'), byHeader('X-Other'), host], 'h', 'Cookie, X-Other'],
    ['two cookies', [byCookie('other'), cookie], 'C', 'Cookie'],
    ['host, anything', [host, toTarget('T')], 'h', undefined],
    ['another path, fixed', [byPath('/other'), toTarget('T')], 'T', undefined],
    ['function, path', [fn, path], 'F', undefined],
    ['a function without a say, path', [nothing, path], 'P', undefined],
    ['an async function, path', [later, path], 'L', undefined],
    ['async ones without a say, header', [nothingLater, nothing, nothingLater, header], 'H', 'X-Target'],
    ['another cookie, async function', [byCookie('other'), later], 'L', 'Cookie'],
    ['another cookie, function', [byCookie('other'), fn], 'F', 'Cookie'],
    ['none', [], undefined, undefined],
    ['none that fits', [byPath('/other'), byCookie('other'), nothingLater], undefined, undefined],
  ];
  test.each(rows)('%s', async (_, routes, target, vary) => {
    const { router, errors } = routerOf(routes);
    for (let i = 0; i < 2; i++) {
      const match = await router.find(visitTo(everything));
      expect([match?.target, match?.vary]).toEqual([target, vary]);
    }
    expect(errors).toEqual([]);
  });

  test('without an async function nothing is promised', () => {
    const { router } = routerOf([nothing, cookie, path]);
    expect(router.find(visitTo(everything))).toMatchObject({ target: 'C' });
    expect(router.find(visitTo(everything))).toBe(router.find(visitTo(everything)));
  });
});

describe('a function that fails', () => {
  const rows: [string, RouteFunction, RegExp][] = [
    [
      'throws',
      () => {
        throw new Error('oh');
      },
      /oh/,
    ],
    [
      'rejects',
      async () => {
        throw new Error('oh');
      },
      /oh/,
    ],
    ['answers no id', () => '-', /not a target id/],
    ['answers no id later', async () => '/', /not a target id/],
  ];
  test.each(rows)('%s: it has no say, and onError hears', async (_, fn, message) => {
    const { router, errors } = routerOf([fn, byPath('/gw')]);
    expect(await router.find(visitTo(everything))).toMatchObject({ target: 'P' });
    expect(errors.map(String)).toEqual([expect.stringMatching(message)]);
  });

  test('never answers: after ten seconds, of all functions together, the next route has its say', async () => {
    const ages: number[] = [];
    let release: (id: string) => void = () => {};
    const first: RouteFunction = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const { router, errors, clock } = routerOf([first, () => new Promise(() => ages.push(clock.now())), byPath('/gw')]);
    const found = router.find(visitTo(everything));
    clock.advance(9_999);
    expect(errors).toEqual([]);
    clock.advance(1);
    await new Promise(setImmediate);
    expect(errors.map(String)).toEqual([expect.stringMatching(/no answer in time/)]);
    expect(ages).toEqual([10_000]);
    clock.advance(1); // Nothing is left for the second.
    expect(await found).toMatchObject({ target: 'P' });
    expect(errors).toHaveLength(2);
    release('late');
  });

  test('a visitor that left: nothing is decided, and its head is not looked at', async () => {
    let release: (id: undefined) => void = () => {};
    const { router } = routerOf([
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
      byPath('/gw'),
    ]);
    const visit = visitTo(everything) as { head: unknown; settled: boolean } & Visit;
    const found = router.find(visit);
    visit.settled = true;
    Object.defineProperty(visit, 'head', {
      get: () => {
        throw new Error('looked');
      },
    });
    release(undefined);
    expect(await found).toBeUndefined();
  });
});
