import { bytesOf } from '@reverse-http/protocol/http1';
import type { Post, PostOutcome } from './poll.js';

/** Longer answers are not a gateway's: at most 4 MiB are asked for. */
const maxAnswerBytes = 8 * 1024 * 1024;

/** However long a server wishes to be left alone, nobody waits for longer, ms. A timer takes no more than 2^31 ms. */
const maxRetryAfterMs = 3_600_000;

/** POST by `fetch`: without cookies, caches or redirects, which are nothing to a session. */
export function createPostByFetch(fetch: typeof globalThis.fetch): Post {
  return (url, body, done, onMoved) => {
    const controller = new AbortController();
    let over = false;
    send(fetch, url, bytesOf(body), controller.signal, (bytes) => over || onMoved(bytes))
      .catch(outcomeOf)
      .then((outcome) => {
        if (!over) done(outcome);
      });
    return () => {
      over = true;
      controller.abort();
    };
  };
}

async function send(
  fetch: typeof globalThis.fetch,
  url: string,
  body: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
  onMoved: (bytes: number) => void,
): Promise<PostOutcome> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/octet-stream' },
    body,
    signal,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  });
  if (response.status === 200) return collect(response, onMoved);
  // Read, so that the connection serves again.
  await collect(response, onMoved);
  return response.status === 413 ? { kind: 'too-large' } : failureOf(response);
}

async function collect(response: Response, onMoved: (bytes: number) => void): Promise<PostOutcome> {
  const reader = response.body?.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    pieces.push(part.value);
    length += part.value.length;
    onMoved(part.value.length);
    if (length <= maxAnswerBytes) continue;
    reader?.cancel().catch(() => {});
    return { kind: 'failed', detail: 'the answer is too long' };
  }
  return { kind: 'answer', body: pieces.length === 1 ? pieces[0]! : joined(pieces, length) };
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Browsers say nothing of what went wrong; others name it as the cause. */
function outcomeOf(error: unknown): PostOutcome {
  const { cause = error } = error as { cause?: unknown };
  const { code = '', message = '' } = (cause ?? {}) as { code?: unknown; message?: string };
  const detail = message || String(code) || String(error);
  return String(code).startsWith('HPE_') ? { kind: 'failed', detail, notHttp: true } : { kind: 'failed', detail };
}

function failureOf({ status, headers }: Response): PostOutcome {
  const seconds = Number(headers.get('retry-after'));
  const retry =
    Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: Math.min(seconds * 1000, maxRetryAfterMs) } : {};
  return { kind: 'failed', detail: `HTTP ${status}`, status, ...retry };
}
