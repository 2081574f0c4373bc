import { type Clock, createMemoryLink } from '@reverse-http/protocol/session';
import { type TransportPair, transportCases } from '@reverse-http/protocol/transport-suite';
import { expect, test } from 'vitest';
import { systemClock } from './describe-transport.js';

const later = (fn: () => void): void => void setImmediate(fn);
/** What a failing case waits for is over soon. */
const hastyClock = {
  now: systemClock.now,
  setTimer: (fn: () => void, ms: number) => systemClock.setTimer(fn, ms / 30),
};

function createPair(): TransportPair {
  const { a, b, cut } = createMemoryLink({ defer: later });
  return { gateway: a, connector: b, cut };
}

/** Names of the cases that a transport does not stand. */
async function failuresOf(create: () => TransportPair, clock: Clock, only = /./): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, run } of transportCases.filter((each) => only.test(each.name))) {
    await run({ createPair: create, clock, defer: later }).catch(() => failures.push(name));
  }
  return failures;
}

test('the cases find a transport that says its end twice', async () => {
  const failures = await failuresOf(() => {
    const pair = createPair();
    const { close } = pair.gateway;
    pair.gateway.close = () => {
      const { handler } = pair.gateway;
      close.call(pair.gateway);
      handler.onClosed('again');
    };
    return pair;
  }, systemClock);
  expect(failures).toEqual(['an end that was closed says so once, takes nothing, and may be closed again']);
});

test('the cases find a transport that notices no cut', async () => {
  const failures = await failuresOf(() => ({ ...createPair(), cut() {} }), hastyClock, /cut/);
  expect(failures).toContain('a cut is noticed by both ends, and a session goes on over another transport');
});

test('the cases find a transport that loses what is said last', async () => {
  const failures = await failuresOf(
    () => {
      const pair = createPair();
      const { send } = pair.connector;
      pair.connector.send = (bytes) => bytes[0] !== 4 && send.call(pair.connector, bytes);
      return pair;
    },
    hastyClock,
    /reason/,
  );
  expect(failures).toContain('the reason arrives when the connector ends the session');
});
