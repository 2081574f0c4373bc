import { bytesOf, type WrittenBody } from '@reverse-http/protocol/http1';
import {
  decodePollRequest,
  encodePollAnswer,
  PollAcceptor,
  type PollAnswer,
  type PollOutcome,
  PollRequester,
} from '@reverse-http/protocol/poll';
import type { Clock } from '@reverse-http/protocol/session';
import type { TransportPair } from '@reverse-http/protocol/transport-suite';
import { Random } from '../sim/random.js';
import { describeTransport, systemClock } from './describe-transport.js';

type Post = (path: string, body: WrittenBody, done: (outcome: PollOutcome) => void) => () => void;

const later = (fn: () => void): void => void setImmediate(fn);
/** Waits are no part of the cases: those between repeats are shorter here. */
const hastyClock: Clock = { now: systemClock.now, setTimer: (fn, ms) => systemClock.setTimer(fn, ms / 50) };
const reset: PollOutcome = { kind: 'failed', detail: 'reset' };

/** Polling over HTTP in memory; `faults` so often a request or its answer is lost, told to the client. */
function createPollPair(faults: number, maxBytes = Number.POSITIVE_INFINITY): TransportPair {
  const random = new Random(1);
  const acceptor = new PollAcceptor({ clock: systemClock, roundTripMs: () => undefined });
  let isCut = false;
  const calls = new Set<(outcome: PollOutcome) => void>();
  const post: Post = (_path, content, done) => {
    const body = bytesOf(content);
    const finish = (outcome: PollOutcome): void => {
      if (calls.delete(finish)) done(outcome);
    };
    calls.add(finish);
    later(() => {
      if (isCut || random.chance(faults)) return finish(reset);
      if (body.length > maxBytes) return finish({ kind: 'too-large' });
      const answer = (given: PollAnswer): void => {
        const outcome: PollOutcome = { kind: 'answer', body: encodePollAnswer(given) };
        later(() => finish(isCut || random.chance(faults) ? reset : outcome));
      };
      acceptor.receive(decodePollRequest(body)!, { answer, refuse() {} });
    });
    return () => calls.delete(finish);
  };
  const connector = new PollRequester({ session: 'n.s', attach: 1, clock: hastyClock, defer: later, post });
  return {
    gateway: acceptor,
    connector,
    cut() {
      isCut = true;
      for (const finish of [...calls]) finish(reset);
      // Nobody waits for the time after which a poll is missed.
      acceptor.close();
    },
  };
}

describeTransport('poll', () => createPollPair(0));
describeTransport('poll, through hops that lose one in twelve', () => createPollPair(0.04));
describeTransport('poll, through hops that take 20 KiB', () => createPollPair(0, 20 * 1024));
