import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { createManualClock, createMemoryLink, type Hello } from '@reverse-http/protocol/session';
import { expect, test } from 'vitest';
import { cannotBeReached } from '../src/link/dial-errors.js';
import type { Dialler } from '../src/link/dialler.js';
import { greet } from '../src/link/greeting.js';

test('a gateway that does not answer in time is said not to, although hanging up closes the transport', () => {
  const clock = createManualClock();
  const { b } = createMemoryLink({ defer: clock.defer });
  const dialler: Dialler = {
    name: 'memory',
    featuresFor: () => [],
    dial(_gateway, handler) {
      clock.defer(() => handler.onOpened(Object.assign(b, { onAgreed() {} })));
      return () => b.close();
    },
  };
  const hello: Hello = { versions: [1], agent: 'test', key: 'k', attach: 1, targets: [], features: [] };
  const failures: ReverseHttpError[] = [];
  const handler = {
    onWelcome: () => expect.unreachable(),
    onRefused: () => expect.unreachable(),
    onFailed: (error: ReverseHttpError) => void failures.push(error),
  };
  greet({ dialler, gateway: 'http://gw/', hello, clock, answerTimeoutMs: 10_000 }, handler);
  clock.advance(20_000);
  expect(failures.map(({ message }) => message)).toEqual(['http://gw/ did not answer within 10 s']);
  expect(b.writable).toBe(false);
});

test.each([
  ['getaddrinfo ENOTFOUND gw.example', 'nobody knows an address of gw.example (yet, if'],
  ['getaddrinfo EAI_AGAIN gw.example', 'no name server answers that knows an address of gw.example'],
  ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
])('%s is told as: %s', (detail, told) => {
  expect(cannotBeReached('http://gw.example/', detail).message).toContain(
    `http://gw.example/ cannot be reached: ${told}`,
  );
});
