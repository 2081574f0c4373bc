import { describe, expect, test } from 'vitest';
import { resolveGatewayOptions, resolveListenerOptions } from '../../src/options/resolve-gateway-options.js';
import { createTargetPolicies } from '../../src/policy/target-policies.js';

describe('resolveGatewayOptions', () => {
  test('defaults', () => {
    const { listeners, policy, ...rest } = resolveGatewayOptions({});
    expect(listeners).toMatchObject([{ host: '127.0.0.1', port: 8080, tunnel: true, transparent: false }]);
    expect(listeners[0]!.routes.map(({ description }) => description)).toEqual(['host *.localhost', 'path /gw']);
    expect(policy).toMatchObject({ holdMs: 5000, firstByteMs: 60_000, idleMs: 0, totalMs: 0, replicas: 'share' });
    expect(rest).toMatchObject({
      admin: undefined,
      auth: undefined,
      keepAliveMs: 15_000,
      maxKeepAliveMs: 1_800_000,
      startGraceMs: 10_000,
      maxSessionsPerToken: 10_000,
      maxHellosPerSecond: 500,
      listenerLimits: { maxHeadBytes: 32_768, maxBodyBytes: Number.POSITIVE_INFINITY },
    });
  });

  test('durations and sizes become numbers, off becomes no bound', () => {
    const { policy, startGraceMs, listenerLimits, maxSessionsPerToken } = resolveGatewayOptions({
      deadlines: { hold: 'off', firstByte: '1.5s', idle: '2m', total: '1d', startGrace: 250 },
      limits: { requestBody: '1MiB', headBytes: 4096, sessionsPerToken: 'off' },
    });
    expect(policy).toMatchObject({ holdMs: 0, firstByteMs: 1500, idleMs: 120_000, totalMs: 86_400_000 });
    expect(startGraceMs).toBe(250);
    expect(listenerLimits).toEqual({ maxHeadBytes: 4096, maxBodyBytes: 1_048_576 });
    expect(maxSessionsPerToken).toBe(Number.POSITIVE_INFINITY);
  });

  test('address, or host and port', () => {
    const { listeners, admin } = resolveGatewayOptions({
      listeners: [{ address: '[::]:443' }, { host: 'localhost' }, { port: 0 }],
      admin: { port: 0 },
    });
    const places = listeners.map(({ host, port }) => `${host} ${port}`);
    expect(places).toEqual([':: 443', 'localhost 8080', '127.0.0.1 0']);
    expect(admin).toMatchObject({ host: '127.0.0.1', port: 0, token: undefined });
    expect(resolveGatewayOptions({ admin: {} }).admin).toMatchObject({ port: 8081 });
  });

  test('a listener that is all one target has no tunnel unless it says so; limits hold for later ones too', () => {
    const limits = { maxHeadBytes: 1024, maxBodyBytes: 1 };
    const routes = [{ target: 'A' }];
    expect(resolveListenerOptions({ routes }, limits)).toMatchObject({ tunnel: false, ...limits });
    expect(resolveListenerOptions({ routes, tunnel: true }, limits)).toMatchObject({ tunnel: true });
    expect(() => resolveListenerOptions({ port: -1 }, limits)).toThrow('port: -1 is not a port');
  });
});

describe('policies of targets', () => {
  const { policy, rules } = resolveGatewayOptions({
    deadlines: { hold: '1s' },
    targets: [
      { match: 'Line-4-camera', replicas: 'exclusive' },
      { match: 'line-4-*', deadlines: { hold: '30s' }, replicas: 'share', limits: { concurrent: 2 } },
      { match: '*', limits: { concurrent: 9, requestsPerSecond: 5 } },
    ],
  });
  const policyOf = createTargetPolicies(policy, rules);

  test('every rule that fits has its say, the first one wins; case does not count', () => {
    expect(policyOf('line-4-CAMERA')).toMatchObject({
      holdMs: 30_000,
      replicas: 'exclusive',
      maxConcurrent: 2,
      maxRequestsPerSecond: 5,
    });
    expect(policyOf('LINE-4-x')).toMatchObject({ holdMs: 30_000, replicas: 'share', maxConcurrent: 2 });
    expect(policyOf('line-4')).toMatchObject({ holdMs: 1000, maxConcurrent: 9, firstByteMs: 60_000 });
  });
});
