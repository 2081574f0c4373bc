import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** An HTTP hop of the worst kind: HTTP/1.0 behind it, a connection for each request, whole bodies of 64 KiB at most. */
export interface PoorHop {
  /** Where to connect instead of the gateway behind it. */
  readonly url: string;
  /** What was asked for: method and path. */
  readonly requests: string[];
  /** Every so many requests one is reset unanswered, as when a kept connection is closed just then; 0: none. */
  resetsEach: number;
  /** Whether it has one connection to what is behind it, and lets requests wait for each other. */
  isSerial: boolean;
  close(): Promise<void>;
}

const maxBodyBytes = 64 * 1024;

/** Stands before the gateway of `url`. */
export async function startPoorHop(url: string): Promise<PoorHop> {
  const { hostname, port, host } = new URL(url);
  const requests: string[] = [];

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url}`);
    if (hop.resetsEach > 0 && requests.length % hop.resetsEach === 0) return void request.socket.resetAndDestroy();
    if (request.headers['transfer-encoding'] !== undefined) return refuse(response, 411);
    if (request.headers.expect !== undefined || request.method !== 'POST') return refuse(response, 417);
    const body = await buffer(request);
    if (body.length > maxBodyBytes) return refuse(response, 413);
    const behind = connect({ host: hostname, port: Number(port) });
    behind.write(`POST ${request.url} HTTP/1.0\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n\r\n`);
    behind.write(body);
    const answer = await buffer(behind);
    const end = answer.indexOf('\r\n\r\n') + 4;
    const [, status] = /^HTTP\/1\.\d (\d{3}) /.exec(answer.toString('latin1', 0, end)) ?? [];
    // Neither fields nor the kind of the body come through.
    response.writeHead(Number(status ?? 502), { Connection: 'close', 'Content-Length': answer.length - end });
    response.end(answer.subarray(end));
  }

  function refuse(response: ServerResponse, status: number): void {
    response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end();
  }

  let last = Promise.resolve<unknown>(undefined);
  const server = createServer((request, response) => {
    const passed = (hop.isSerial ? last : Promise.resolve()).then(() => pass(request, response));
    last = passed.catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hop: PoorHop = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    resetsEach: 0,
    isSerial: false,
    async close() {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
  return hop;
}
