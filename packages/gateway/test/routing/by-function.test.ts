import { describe, expect, test } from 'vitest';
import { byFunction, type RouteDecision } from '../../src/routing/by-function.js';
import { createRouteRequest, type RouteRequest } from '../../src/routing/route-request.js';
import { scanRequest } from '../support/scan-request.js';

const peer = { address: '203.0.113.7', port: 5, secure: true };
const requestOf = (text: string): RouteRequest => createRouteRequest(scanRequest(text), peer);

describe('what a function sees', () => {
  test('the request, in parts', () => {
    const request = requestOf(
      'POST http://Example.com:8080/a%2Fb//c?d=e&f HTTP/1.1\r\nHost: other\r\nCookie: a=b\r\nX-A: 1 \r\nx-a:\t2\r\nCookie: c=d\r\nEmpty:\r\nX-Raw: \xe4',
    );
    expect(request).toMatchObject({
      method: 'POST',
      url: '/a%2Fb//c?d=e&f',
      path: '/a%2Fb//c',
      host: 'example.com:8080',
    });
    expect(request.peer).toEqual(peer);
    const fields = ['X-A', 'x-a', 'COOKIE', 'empty', 'x-raw', 'absent', '', 'x', 'host'].map(request.header);
    expect(fields).toEqual(['1, 2', '1, 2', 'a=b; c=d', '', '\xe4', undefined, undefined, undefined, 'other']);
  });

  test('HTTP/1.0 without a host, absolute-form without a path', () => {
    expect(requestOf('GET /x HTTP/1.0')).toMatchObject({ host: '', url: '/x' });
    expect(requestOf('GET http://h HTTP/1.1\r\nHost: h')).toMatchObject({ host: 'h', url: '/', path: '/' });
  });

  test('nothing of it can be changed, and what comes next in its bytes is not seen', () => {
    const head = scanRequest('GET /x HTTP/1.1\r\nHost: x\r\nX-A: 1');
    const request = createRouteRequest(head, peer);
    head.bytes.fill(0x7a);
    expect(request.header('x-a')).toBe('1');
    expect(() => Object.assign(request, { url: '/y' })).toThrow(TypeError);
    expect(() => Object.assign(request.peer, { address: 'y' })).toThrow(TypeError);
  });
});

describe('what a function may answer', () => {
  const rows: [string, any, unknown][] = [
    ['/x', undefined, undefined],
    ['/x', null, undefined],
    ['/x', 'A', { target: 'A', prefix: '', bare: false, sharesOrigin: true }],
    ['/x', { target: 'A' }, { target: 'A', prefix: '', bare: false, sharesOrigin: true }],
    ['/x', { target: 'A', prefix: '' }, { target: 'A', prefix: '', bare: false, sharesOrigin: true }],
    ['/x/y', { target: 'A', prefix: '/x' }, { target: 'A', prefix: '/x', bare: false, sharesOrigin: true }],
    ['/x/', { target: 'A', prefix: '/x' }, { target: 'A', prefix: '/x', bare: false, sharesOrigin: true }],
    ['/x', { target: 'A', prefix: '/x' }, { target: 'A', prefix: '/x', bare: true, sharesOrigin: true }],
    ['/x?y', { target: 'A', prefix: '/x' }, { target: 'A', prefix: '/x', bare: true, sharesOrigin: true }],
    ['/x/y/z', { target: 'A', prefix: '/x/y' }, { target: 'A', prefix: '/x/y', bare: false, sharesOrigin: true }],
    ['/xy', { target: 'A', prefix: '/x' }, TypeError],
    ['/y', { target: 'A', prefix: '/x' }, TypeError],
    ['/x/y', { target: 'A', prefix: 'x' }, TypeError],
    ['/x/y', { target: 'A', prefix: '/x/' }, TypeError],
    ['/x?/y', { target: 'A', prefix: '/x?' }, TypeError],
    ['//x/y', { target: 'A', prefix: '//x' }, TypeError],
    ['/x', { target: 'A', prefix: 1 }, TypeError],
    ['/x', '', TypeError],
    ['/x', 'a b', TypeError],
    ['/x', { target: 'A\r\nX: 1' }, TypeError],
    ['/x', {}, TypeError],
    ['/x', 7, TypeError],
    ['/x', true, TypeError],
  ];
  test.each(rows)('to %s: %o', async (url, decision, wanted) => {
    const request = requestOf(`GET ${url} HTTP/1.1\r\nHost: x`);
    const now = byFunction(() => decision as RouteDecision);
    const later = byFunction(async () => decision as RouteDecision);
    if (wanted === TypeError) {
      expect(() => now.decide!(request)).toThrow(TypeError);
      await expect(later.decide!(request)).rejects.toThrow(TypeError);
    } else {
      expect(now.decide!(request)).toEqual(wanted);
      expect(await later.decide!(request)).toEqual(wanted);
    }
  });

  test('anything that can be awaited is', async () => {
    // biome-ignore lint/suspicious/noThenProperty: it is what is tried.
    const route = byFunction(() => ({ then: (resolve: any) => resolve('A') }) as PromiseLike<RouteDecision>);
    const decided = route.decide!(requestOf('GET / HTTP/1.1\r\nHost: x'));
    expect(decided).toBeInstanceOf(Promise);
    expect(await decided).toMatchObject({ target: 'A' });
  });
});
