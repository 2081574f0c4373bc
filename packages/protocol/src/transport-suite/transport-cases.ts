import { assertEqual } from './assert-equal.js';
import type { Echo } from './echo.js';
import { SuiteSessions } from './suite-sessions.js';
import type { TransportPair } from './transport-pair.js';
import type { TransportSuiteOptions } from './transport-suite-options.js';

/** One thing that every transport has to stand, whatever carries its messages. */
export interface TransportCase {
  readonly name: string;
  /** Resolves when the transport stood it, and throws where it did not; frees what it opened in any case. */
  run(options: TransportSuiteOptions): Promise<void>;
}

/** Two sessions, and transports for them as a case needs them. */
interface Stage {
  readonly sessions: SuiteSessions;
  open(): Promise<TransportPair>;
}

const kib = 1024;

const isWhole = (echo: Echo, bytes: number): boolean => echo.end === 'whole' && echo.received === bytes;

async function carriesRequests({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const echo = sessions.say(0);
  await sessions.until('a head', () => echo.head !== '');
  assertEqual('the head', [echo.head], ['head 1']);
  const body = sessions.say(1000);
  await sessions.until('a body of 1,000 bytes', () => isWhole(body, 1000));
}

async function carriesLargeBodies({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const echo = sessions.say(3000 * kib);
  await sessions.until('3,000 KiB there and back', () => isWhole(echo, 3000 * kib));
}

async function carriesManyAtATime({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const echoes = Array.from({ length: 200 }, (_, i) => sessions.say(i * 150));
  await sessions.until('200 exchanges', () =>
    echoes.every((echo, i) => echo.end === 'whole' || (i === 0 && echo.head !== '')),
  );
  const received = echoes.map((echo) => echo.received);
  assertEqual(
    'bytes of each',
    received,
    received.map((_, i) => i * 150),
  );
}

async function carriesOneAfterTheOther({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  for (let i = 0; i < 50; i++) {
    const echo = sessions.say(100);
    await sessions.until(`exchange ${i} of 50`, () => isWhole(echo, 100));
  }
}

async function stallsOnlyWhoDoesNotRead({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const stalled = sessions.say(1000 * kib, false);
  await sessions.until('the first bytes', () => stalled.received > 0);
  for (let i = 0; i < 5; i++) {
    const echo = sessions.say(200 * kib);
    await sessions.until('another exchange beside a stalled one', () => isWhole(echo, 200 * kib));
  }
  assertEqual('whether the stalled one got everything', [String(stalled.received === 1000 * kib)], ['false']);
  stalled.consumes = true;
  stalled.consume();
  await sessions.until('the rest of the stalled one', () => isWhole(stalled, 1000 * kib));
}

function endsWithTheReason(end: 'gateway' | 'connector') {
  return async ({ sessions, open }: Stage): Promise<void> => {
    sessions.attach(await open());
    const echo = sessions.say(100);
    await sessions.until('an exchange', () => isWhole(echo, 100));
    sessions[end].close('draining', 'until tomorrow');
    await sessions.until('the reason at both ends', () => sessions.ends.every((code) => code === 'draining'));
  };
}

async function saysAllBeforeTheEnd({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const first = sessions.say(100);
  await sessions.until('an exchange', () => isWhole(first, 100));
  const echo = sessions.say(0);
  await sessions.until('a head', () => echo.head !== '');
  const last = sessions.say(10);
  await sessions.until('the request', () => sessions.accepted === 3);
  sessions.connector.close('closed');
  await sessions.until('the end at both ends', () => sessions.ends.every((code) => code === 'closed'));
  assertEqual('the head that was said before the end', [last.head], [`head ${last.stream?.id}`]);
}

async function survivesACut({ sessions, open }: Stage): Promise<void> {
  const pair = await open();
  sessions.attach(pair);
  const echo = sessions.say(2000 * kib);
  await sessions.until('the first 100 KiB', () => echo.received > 100 * kib);
  pair.cut();
  await sessions.until('both ends to notice the cut', () => sessions.ends.every((state) => state === 'detached'));
  sessions.attach(await open());
  await sessions.until('the rest by another transport', () => isWhole(echo, 2000 * kib));
  assertEqual('resumes', [sessions.gateway.resumes, sessions.connector.resumes], [1, 1]);
}

async function movesAgainAndAgain({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  const echoes = Array.from({ length: 100 }, () => sessions.say(40 * kib));
  for (let i = 1; i <= 4; i++) {
    const next = await open();
    await sessions.until(
      `${i * 500} KiB`,
      () => echoes.reduce((sum, { received }) => sum + received, 0) > i * 500 * kib,
    );
    sessions.attach(next);
  }
  await sessions.until('the rest', () => echoes.every((echo) => isWhole(echo, 40 * kib)));
  assertEqual('moves are no resumes', [sessions.gateway.resumes], [0]);
}

async function provesItself({ sessions, open }: Stage): Promise<void> {
  sessions.attach(await open());
  await sessions.until('the connector to hear the gateway, unasked by any request', () => {
    const { state } = sessions.connector;
    return state.state === 'attached' && state.peer === 'heard';
  });
}

async function closesOnce({ open }: Stage): Promise<void> {
  const pair = await open();
  for (const end of [pair.gateway, pair.connector]) {
    let told = 0;
    end.handler = { onMessage() {}, onWritable() {}, onClosed: () => told++ };
    end.close();
    end.close();
    assertEqual('times that the end was told', [told], [1]);
    assertEqual('whether it still takes messages', [String(end.writable)], ['false']);
  }
}

async function takesAKilobyte({ sessions, open }: Stage): Promise<void> {
  const pair = await open();
  sessions.attach(pair);
  const echo = sessions.say(100);
  await sessions.until('an exchange', () => isWhole(echo, 100));
  for (const end of [pair.gateway, pair.connector]) {
    if (!end.writable || end.maxMessageBytes >= 1000) continue;
    throw new Error(`a transport that takes messages of ${end.maxMessageBytes} bytes only`);
  }
}

/**
 * What every transport has to stand: run each case for yours, by whatever runs your tests.
 *
 * @example
 * for (const { name, run } of transportCases) {
 *   test(name, () => run({ createPair, clock, defer: setImmediate }));
 * }
 */
export const transportCases: readonly TransportCase[] = [
  transportCase('carries a request and its answer', carriesRequests),
  transportCase('carries large bodies both ways, unaltered', carriesLargeBodies),
  transportCase('carries many exchanges at a time', carriesManyAtATime),
  transportCase('carries one after the other, each as soon as it can', carriesOneAfterTheOther),
  transportCase('one reader that does not read stops no other, and goes on when it reads', stallsOnlyWhoDoesNotRead),
  transportCase('the reason arrives when the gateway ends the session', endsWithTheReason('gateway')),
  transportCase('the reason arrives when the connector ends the session', endsWithTheReason('connector')),
  transportCase('what was said before the end arrives before it', saysAllBeforeTheEnd),
  transportCase('a cut is noticed by both ends, and a session goes on over another transport', survivesACut),
  transportCase('a session moves while everything is on its way, again and again', movesAgainAndAgain),
  transportCase('is proven to both ends before any request', provesItself),
  transportCase('an end that was closed says so once, takes nothing, and may be closed again', closesOnce),
  transportCase('an end that is there takes messages of a kilobyte at least', takesAKilobyte),
];

function transportCase(name: string, play: (stage: Stage) => Promise<void>): TransportCase {
  return {
    name,
    async run({ createPair, clock, defer }) {
      const sessions = new SuiteSessions(clock, defer);
      const pairs: TransportPair[] = [];
      const open = async (): Promise<TransportPair> => {
        const pair = await createPair();
        pairs.push(pair);
        return pair;
      };
      try {
        await play({ sessions, open });
      } finally {
        sessions.close();
        for (const pair of pairs) {
          pair.gateway.close();
          pair.connector.close();
          await pair.dispose?.();
        }
      }
    },
  };
}
