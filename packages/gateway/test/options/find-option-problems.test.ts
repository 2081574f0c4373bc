import { describe, expect, test } from 'vitest';
import { byPath, createGateway, findOptionProblems, formatOptionProblem } from '../../src/index.js';

function problemsOf(options: unknown): string[] {
  return findOptionProblems(options).map(formatOptionProblem);
}

/** Section 6 of the contract, but for what comes later. */
const whole = {
  version: 1,
  publicUrl: 'https://gw.example.com',
  listeners: [
    { address: '0.0.0.0:443', hosts: ['gw.example.com'], routes: [{ host: '*.gw.example.com' }, { path: '/gw' }] },
    { address: '[::1]:9001', routes: [{ target: 'A' }], transparent: true, tunnel: true, sharedOrigin: 'trusted' },
    { host: '127.0.0.1', port: 0, routes: [byPath('/x'), { host: { 'camera.example.com': 'camera-7' } }] },
    {
      routes: [
        { cookie: 'target', select: '/.well-known/reverse-http/select' },
        { header: 'X-Target' },
        { path: '/gw', keepPrefix: true },
        () => 'A',
      ],
    },
  ],
  admin: { address: '127.0.0.1:8081', token: 'secret' },
  connectors: { tokens: './tokens.json', keepAlive: { default: '15s', max: '30m' } },
  deadlines: { hold: '5s', startGrace: 0, firstByte: '60s', idle: 'off', total: 'off' },
  limits: { requestBody: 'off', headBytes: '32KiB', sessionsPerToken: 10_000, hellosPerSecond: 500 },
  targets: [
    {
      match: 'line-4-*',
      deadlines: { hold: '30s' },
      limits: { concurrent: 20, requestsPerSecond: 50 },
      replicas: 'share',
      affinity: 'none',
      retry: 'off',
    },
  ],
  log: { query: false, peer: 'full' },
};

describe('options that are good', () => {
  test.each([
    ['nothing', undefined],
    ['an empty object', {}],
    ['empty sections of a YAML file', { listeners: null, deadlines: null, targets: null, admin: null, log: null }],
    ['everything', whole],
    ['no admin', { admin: 'off' }],
  ])('%s', (_, options) => {
    expect(problemsOf(options)).toEqual([]);
  });
});

// options, what is said of them
const mistakes: [object, string][] = [
  [{ listners: [] }, 'listners: there is no such option; did you mean "listeners"?'],
  [{ zzz: 1 }, 'zzz: there is no such option; known are version, publicUrl, trustedProxies'],
  [{ version: 2 }, 'version: 2 is not a version that is known here: 1 is'],
  [{ publicUrl: 'gw.example.com' }, 'publicUrl: "gw.example.com" is not a URL such as https://gw.example.com'],
  [{ listeners: {} }, 'listeners: is not a list'],
  [{ listeners: [{ prot: 1 }] }, 'listeners[0].prot: there is no such option; did you mean "port"?'],
  [{ listeners: [{ port: 70_000 }] }, 'listeners[0].port: 70000 is not a port from 0 to 65535'],
  [{ listeners: [{ port: '80' }] }, 'listeners[0].port: "80" is not a port from 0 to 65535'],
  [{ listeners: [{ address: '8080' }] }, 'listeners[0].address: "8080" is not an address such as 127.0.0.1:8080'],
  [{ listeners: [{ address: '::1:80' }] }, 'listeners[0].address: "::1:80" is not an address'],
  [{ listeners: [{ address: 'a:1', port: 2 }] }, 'listeners[0].address: stands beside host or port'],
  [{ listeners: [{ routes: ['/gw'] }] }, 'listeners[0].routes[0]: is not a route such as { path: /gw }'],
  [{ listeners: [{ routes: [null] }] }, 'listeners[0].routes[0]: must be given'],
  [
    { listeners: [{ routes: [{ pat: '/gw' }] }] },
    'listeners[0].routes[0]: "pat": there is no such option; did you mean',
  ],
  [{ listeners: [{ routes: [{ path: 'gw' }] }] }, 'listeners[0].routes[0]: byPath: "gw" is not a path prefix'],
  [{ listeners: [{ routes: [{ path: '/a', target: 'A' }] }] }, 'listeners[0].routes[0]: "path" and "target" are two'],
  [{ listeners: [{ routes: [{ target: 'a b' }] }] }, 'listeners[0].routes[0]: toTarget: "a b" is not a target id'],
  [
    { listeners: [{ routes: [{}] }] },
    'listeners[0].routes[0]: is empty: one of path, cookie, header, host, target was expected',
  ],
  [{ listeners: [{ routes: [{ path: '/a', pth: 1 }] }] }, 'listeners[0].routes[0]: "pth": there is no such option'],
  [{ listeners: [{ hosts: ['a:80'] }] }, 'listeners[0].hosts: is not a list of host names without port'],
  [{ listeners: [{ transparent: 'yes' }] }, 'listeners[0].transparent: "yes" is not true or false'],
  [{ listeners: [{ sharedOrigin: true }] }, 'listeners[0].sharedOrigin: true is not trusted'],
  [{ listeners: [{ tls: {} }] }, 'listeners[0].tls: comes later'],
  [{ admin: 8081 }, 'admin: is number, where an object with'],
  [{ connectors: { jwt: {} } }, 'connectors.jwt: comes later'],
  [{ trustedProxies: '10.0.0.0/8' }, 'trustedProxies: "10.0.0.0/8" is not a list of addresses and blocks'],
  [{ trustedProxies: ['10.0.0.0/33'] }, 'trustedProxies: "10.0.0.0/33" is not an address or block'],
  [{ connectors: { keepAlive: { max: '3d' } } }, 'connectors.keepAlive.max: "3d" is not a duration from 1s to 1d'],
  [{ deadlines: { hold: '5 s' } }, 'deadlines.hold: "5 s" is not a duration such as 250ms, 5s, 1m, 90d or off'],
  [{ deadlines: { hold: -1 } }, 'deadlines.hold: -1 is not a duration'],
  [{ deadlines: { holdMs: 1 } }, 'deadlines.holdMs: there is no such option; did you mean "hold"?'],
  [{ limits: { headBytes: '1GiB' } }, 'limits.headBytes: "1GiB" is not a size from 1KiB to 56KiB'],
  [{ limits: { requestBody: '1mb' } }, 'limits.requestBody: "1mb" is not a size such as 32KiB'],
  [{ limits: { hellosPerSecond: 0 } }, 'limits.hellosPerSecond: 0 is not a whole number of at least 1, or off'],
  [{ targets: [{ replicas: 'share' }] }, 'targets[0].match: must be given'],
  [{ targets: [{ match: 'A', replicas: 'one' }] }, 'targets[0].replicas: "one" is not share or exclusive'],
  [{ targets: [{ match: 'A', visitors: {} }] }, 'targets[0].visitors: comes later'],
  [{ targets: [{ match: 'A', limits: { concurrent: 1.5 } }] }, 'targets[0].limits.concurrent: 1.5 is not a whole'],
  [{ log: { peer: 'some' } }, 'log.peer: "some" is not full or off'],
  [{ auth: 'nobody' }, 'auth: give { tokens: [...] }'],
  [{ onEvent: 1 }, 'onEvent: 1 is not a function'],
];

describe('mistakes', () => {
  test.each(mistakes)('%j: %s', (options, said) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.slice(0, said.length)).toBe(said);
    expect(() => createGateway(options)).toThrow(expect.objectContaining({ code: 'bad-option', message: problems[0] }));
  });

  test('all are told at once, each with its place', () => {
    const problems = findOptionProblems({ verison: 1, listeners: [{}, { port: -1, routes: [{}] }], log: [] });
    expect(problems.map(({ path }) => path)).toEqual([
      ['verison'],
      ['listeners', 1, 'port'],
      ['listeners', 1, 'routes', 0],
      ['log'],
    ]);
  });
});

test('two listeners on one address are told; free ports are each their own', () => {
  expect(
    problemsOf({ listeners: [{}, { port: 0 }, { address: '127.0.0.1:8080' }, { host: '::1' }, { port: 0 }] }),
  ).toEqual(['listeners[2]: listens where listeners[0] does, on port 8080 of 127.0.0.1']);
});
