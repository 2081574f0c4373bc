import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What happens to a poll or post: it arrives twice, nobody hears the answer, it never arrives. */
export type HttpFault = 'repeat' | 'late repeat' | 'lose answer' | 'lose request';

/** A hop that understands the HTTP of long polling, and does what proxies do to it. */
export interface HttpHop {
  readonly url: string;
  /** Resolves when it happened to a request. */
  strike(fault: HttpFault): Promise<void>;
  disarm(): void;
  close(): Promise<void>;
}

interface Message {
  readonly status: number;
  readonly body: Buffer;
}

/** How much later a request comes a second time, when it was forgotten in between, ms. */
const lateMs = 1500;

/** Stands before the gateway of `url`. */
export async function startHttpHop(url: string): Promise<HttpHop> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  let due: { readonly fault: HttpFault; done(): void } | undefined;

  async function pass(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const body = await buffer(asked);
    const fault = takeFault(asked.url!);
    if (fault === 'lose request') return void asked.socket.resetAndDestroy();
    const first = ask(asked.url!, body, gone.signal);
    const again = fault === 'repeat' ? ask(asked.url!, body, gone.signal) : undefined;
    if (fault === 'late repeat') setTimeout(() => void ask(asked.url!, body).catch(() => {}), lateMs).unref();
    // Which of two answers arrives is chance.
    const answer = await (again ? Promise.any([again, first]) : first);
    if (fault === 'lose answer') return void asked.socket.resetAndDestroy();
    response.writeHead(answer.status, { 'Content-Length': answer.body.length }).end(answer.body);
    await Promise.allSettled([first, again]);
  }

  function takeFault(path: string): HttpFault | undefined {
    if (!due || path.endsWith('/hello')) return undefined;
    const { fault, done } = due;
    due = undefined;
    setImmediate(done);
    return fault;
  }

  async function ask(path: string, body: Buffer, signal?: AbortSignal): Promise<Message> {
    const headers = { 'Content-Length': body.length };
    const asking = request(new URL(path, url), { method: 'POST', agent, headers, ...(signal ? { signal } : {}) });
    asking.end(body);
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    return { status: answer.statusCode!, body: await buffer(answer) };
  }

  const server = createServer({ keepAliveTimeout: 0 }, (asked, response) => {
    pass(asked, response).catch(() => asked.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    strike: (fault) =>
      new Promise((done) => {
        due = { fault, done };
      }),
    disarm() {
      due = undefined;
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
