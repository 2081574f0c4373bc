import { bodyOf, methodOf } from '@reverse-http/protocol/http1';
import { MessageKind } from '@reverse-http/protocol/pipe';
import {
  decodePollRequest,
  maxPollHeaderBytes,
  type PollResponder,
  pollAnswerBody,
  sessionOfPoll,
} from '@reverse-http/protocol/poll';
import {
  type Clock,
  decodeHello,
  encodeControl,
  type Goodbye,
  maxControlMessageBytes,
} from '@reverse-http/protocol/session';
import type { Visit } from '../visit/visit.js';
import { createBodyReader } from './read-body.js';
import type { Reception } from './reception.js';

/** Serves connectors that come by long polling. */
export interface PollEndpoint {
  /** `POST hello`: a hello in, a welcome or refuse out. */
  serveHello(visit: Visit): void;
  /** `POST poll` and `POST post`. */
  serveRequest(visit: Visit): void;
}

/** Time for a hello to come whole, ms. */
const helloMs = 5000;
/** A poll or post of which nothing more comes for this long is given up, ms: the connector repeats it. */
const requestIdleMs = 10_000;
/** Longest request, bytes. */
const maxRequestBytes = 4 * 1024 * 1024 + 64 * 1024;

/**
 * Connectors in web pages may call from anywhere: no ambient credential is used here, so there is nothing to steal. Hops
 * must neither keep nor change a body.
 */
const crossOrigin = 'Access-Control-Allow-Origin: *\r\n';
const fields = `Content-Type: application/octet-stream\r\nCache-Control: no-store, no-transform\r\n${crossOrigin}`;
/** `Retry-After` is to be seen by scripts of pages as well. */
const exposed = `${crossOrigin}Access-Control-Expose-Headers: Retry-After\r\n`;
const preflight =
  `${crossOrigin}Access-Control-Allow-Methods: POST\r\nAccess-Control-Allow-Headers: Content-Type\r\n` +
  'Access-Control-Max-Age: 7200\r\n';

/** Makes a {@link PollEndpoint}. */
export function createPollEndpoint(reception: Reception, clock: Clock): PollEndpoint {
  const readBody = createBodyReader(clock);

  function serveHello(visit: Visit): void {
    if (refusesMethod(visit)) return;
    readBody(visit, { maxBytes: maxControlMessageBytes, deadlineMs: helloMs }, (body) => {
      const hello = decodeHello(body);
      if (!hello) return answerGoodbye(visit, { code: 'bad-hello', message: 'This is not a hello.' });
      void decide(visit, reception.receive(hello, visit.peer.address));
    });
  }

  function serveRequest(visit: Visit): void {
    if (refusesMethod(visit)) return;
    let known = false;
    const onProgress = (bytes: Uint8Array): boolean => {
      // Only who names a session may make the gateway keep more than a few bytes.
      if (!known && bytes.length >= maxPollHeaderBytes) {
        const session = sessionOfPoll(bytes);
        known = session !== undefined && reception.knows(session);
        if (!known) carry(visit, bytes);
      }
      return !visit.settled;
    };
    readBody(visit, { maxBytes: maxRequestBytes, idleMs: requestIdleMs, onProgress }, (body) => carry(visit, body));
  }

  function carry(visit: Visit, body: Uint8Array): void {
    const request = decodePollRequest(body);
    if (request) return reception.carry(request, responderOf(visit));
    const session = sessionOfPoll(body);
    if (session !== undefined && !reception.knows(session)) {
      reception.carry({ session, attach: 0, poll: undefined, messages: [] }, responderOf(visit));
    } else visit.fail('bad-request', { detail: 'The body is not a poll or post.' });
  }

  return { serveHello, serveRequest };
}

function responderOf(visit: Visit): PollResponder {
  const responder: PollResponder = {
    answer: (answer) => visit.answer(200, fields, pollAnswerBody(answer)),
    refuse: () => visit.fail('rate-limited', { detail: 'Too many requests that bring nothing.', fields: exposed }),
  };
  visit.handler = {
    onBodyReadable() {},
    onAborted: () => responder.onGone?.(),
  };
  return responder;
}

async function decide(visit: Visit, decision: ReturnType<Reception['receive']>): Promise<void> {
  const decided = await decision;
  if ('code' in decided) answerGoodbye(visit, decided);
  else answerControl(visit, encodeControl(MessageKind.Welcome, decided.welcome));
}

function answerGoodbye(visit: Visit, goodbye: Goodbye): void {
  answerControl(visit, encodeControl(MessageKind.Refuse, goodbye));
}

function answerControl(visit: Visit, message: Uint8Array): void {
  visit.answer(200, fields, bodyOf(message));
}

/** Everything but POST is answered here; true when it was. */
function refusesMethod(visit: Visit): boolean {
  const method = methodOf(visit.head);
  if (method === 'POST') return false;
  if (method === 'OPTIONS') visit.answer(204, preflight, '');
  else visit.fail('method-not-allowed', { fields: 'Allow: POST, OPTIONS\r\n' });
  return true;
}
