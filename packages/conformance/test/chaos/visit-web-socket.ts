import { once } from 'node:events';
import { WebSocket } from 'ws';
import { bytesOf, type Plan } from './plan.js';
import type { Problem } from './problem.js';

/** Says what is planned, some of it without waiting for the echo; all comes back, in order, and then the close. */
export async function visitWebSocket(
  url: URL,
  headers: Readonly<Record<string, string>>,
  pool: Buffer,
  { messages }: Plan,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const socket = new WebSocket(url.href.replace('http', 'ws'), { headers });
  const onAbort = (): void => socket.terminate();
  signal.addEventListener('abort', onAbort);
  const expected = messages.map((message) => bytesOf(pool, message));
  let echoed = 0;
  let wrong: string | undefined;
  socket.on('message', (data: Buffer) => {
    const isNext = expected[echoed]?.equals(data);
    if (!isNext) wrong ??= `echo ${echoed} of ${expected.length} differs: ${data.length} bytes`;
    echoed++;
  });
  try {
    await once(socket, 'open');
    const closed = once(socket, 'close');
    for (const [i, bytes] of expected.entries()) {
      socket.send(bytes);
      if (!messages[i]!.isPieced || i === expected.length - 1) await echoesUpTo(i + 1);
    }
    socket.close(1000);
    const [code] = await closed;
    if (wrong !== undefined) return { kind: 'corrupted', saw: wrong };
    return code === 1000 ? undefined : { kind: 'lost', saw: `closed with ${code}` };
  } catch (error) {
    return { kind: 'lost', saw: `${echoed} of ${expected.length} echoes, then ${error}` };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }

  async function echoesUpTo(count: number): Promise<void> {
    while (echoed < count) {
      const gone = new AbortController();
      const left = once(socket, 'close', { signal: gone.signal }).then(([code]) => {
        throw new Error(`closed with ${code}`);
      });
      await Promise.race([once(socket, 'message', { signal: gone.signal }), left]).finally(() => gone.abort());
    }
  }
}
