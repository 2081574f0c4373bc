import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Post, PostOutcome } from '../../transport/poll.js';
import type { TlsOptions } from './web-socket.js';

/** Longer answers are not a gateway's: at most 4 MiB are asked for. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** Connections kept for the next request; polls and posts at a time are six at most. */
const maxSockets = 8;

/** However long a server wishes to be left alone, nobody waits for longer, ms. A timer takes no more than 2^31 ms. */
const maxRetryAfterMs = 3_600_000;

/**
 * POST by `node:http` on kept connections; a request that a closing connection swallowed is the caller's to repeat. One
 * that is given up brought no answer in time: what swallowed it has swallowed the idle connections too, perhaps, and the
 * repeat goes on a fresh one.
 */
export function createPost(tls: TlsOptions = {}): Post {
  const plain = new HttpAgent({ keepAlive: true, maxSockets, noDelay: true });
  const secure = new HttpsAgent({ keepAlive: true, maxSockets, noDelay: true, ...(tls as object) });
  return (url, body, done, onMoved) => {
    let over = false;
    const finish = (outcome: PostOutcome): void => {
      if (over) return;
      over = true;
      done(outcome);
    };
    const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length };
    const isSecure = url.startsWith('https:');
    const agent = isSecure ? secure : plain;
    const options = { method: 'POST', headers, agent };
    const request: ClientRequest = (isSecure ? httpsRequest : httpRequest)(url, options);
    request.on('response', (response) => collect(response, finish, onMoved));
    request.on('error', (error: Error) => finish(outcomeOf(error)));
    request.end(body);
    return () => {
      over = true;
      request.destroy();
      for (const idle of Object.values(agent.freeSockets)) for (const socket of idle ?? []) socket.destroy();
    };
  };
}

function collect(
  response: IncomingMessage,
  finish: (outcome: PostOutcome) => void,
  onMoved: (bytes: number) => void,
): void {
  const pieces: Buffer[] = [];
  let length = 0;
  response.on('data', (piece: Buffer) => {
    pieces.push(piece);
    length += piece.length;
    onMoved(piece.length);
    if (length > maxAnswerBytes) response.destroy(new Error('the answer is too long'));
  });
  response.on('error', (error) => finish({ kind: 'failed', detail: error.message }));
  response.on('close', () => finish({ kind: 'failed', detail: 'the answer was cut off' }));
  response.on('end', () => {
    const { statusCode = 0 } = response;
    if (statusCode === 413) finish({ kind: 'too-large' });
    else if (statusCode !== 200) finish(failureOf(response));
    else if (response.complete)
      finish({ kind: 'answer', body: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) });
  });
}

function outcomeOf(error: NodeJS.ErrnoException): PostOutcome {
  // An address of several (`localhost`) fails with an error that has a code, but no message.
  const { code = '', message } = error;
  const detail = message || code || String(error);
  return code.startsWith('HPE_') ? { kind: 'failed', detail, notHttp: true } : { kind: 'failed', detail };
}

function failureOf({ statusCode = 0, headers }: IncomingMessage): PostOutcome {
  const seconds = Number(headers['retry-after']);
  const retry =
    Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) } : {};
  return { kind: 'failed', detail: `HTTP ${statusCode}`, status: statusCode, ...retry };
}
