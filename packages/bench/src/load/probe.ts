import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { BenchError } from '../bench-error.js';
import { HELLO_BODY } from '../subjects/create-server.js';

const ANSWER_MS = 5_000;
const READY_MS = 10_000;
const ASK_AGAIN_MS = 20;

/** Sends one request on a connection of its own; undefined when the right answer came back, else what came instead. */
export function probe(url: URL, request: string, answerMs: number = ANSWER_MS): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    const settle = (fault: string | undefined): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.setEncoding('latin1').setTimeout(answerMs);
    socket.on('connect', () => socket.write(request, 'latin1'));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.includes(HELLO_BODY) && answer.startsWith('HTTP/1.1 200 ')) settle(undefined);
    });
    socket.on('timeout', () => settle(`${statusLine(answer)}, and nothing more for ${answerMs / 1000} s`));
    socket.on('error', (error) => settle(error.message));
    socket.on('end', () => settle(statusLine(answer)));
  });
}

/** Asks until the right answer comes; throws when it does not within 10 s. */
export async function waitUntilAnswering(name: string, url: URL, request: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = Date.now() + READY_MS;
  for (;;) {
    signal.throwIfAborted();
    const fault = await probe(url, request);
    if (fault === undefined) return;
    if (Date.now() > giveUpAt) throw new BenchError(`${name} is not ready at ${url.href}: ${fault}`);
    await pause(ASK_AGAIN_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

function statusLine(answer: string): string {
  return answer === '' ? 'no answer' : `answered "${answer.slice(0, answer.indexOf('\r\n'))}"`;
}
