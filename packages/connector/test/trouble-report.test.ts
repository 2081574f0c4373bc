import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Connection, connect, ReverseHttpError } from '../src/node/index.js';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Two attempts with each transport; what was told of them. */
async function try4(gateway: string) {
  const lines: string[] = [];
  const told: unknown[] = [];
  const errors: ReverseHttpError[] = [];
  const write = (line: string): void => void lines.push(line);
  let connection: Connection | undefined;
  await new Promise<void>((resolve) => {
    connection = connect((_req, res) => res.end(), {
      gateway,
      target: 'A',
      transport: 'auto',
      logger: { info: write, warn: write, error: write },
      onError: (error) => told.push(error),
      onState(state) {
        if (state.state === 'connecting' && state.error) errors.push(state.error);
        if (errors.length === 4) resolve();
      },
    });
  });
  connection?.abort();
  await connection?.closed;
  const texts = new Set(errors.map(({ code, message }) => `Not connected: ${code}: ${message}`));
  return { lines, told, texts: [...texts] };
}

describe('with both transports in turn, one line is told of', () => {
  it('a gateway that is down', async () => {
    const server = createServer();
    const url = await listen(server);
    await cleanUps.pop()!();
    const { lines, told, texts } = await try4(url);
    const { port } = new URL(url);
    expect(lines).toEqual([
      `Not connected: unreachable: ${url}/ cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
    ]);
    expect(texts).toEqual(lines);
    expect(told).toEqual([expect.any(ReverseHttpError)]);
  });

  it.each([200, 302, 404, 413])('another web server, which says %i', async (status) => {
    const url = await listen(
      createHttpServer((_req, res) => void res.writeHead(status, { Connection: 'close' }).end('<html>')),
    );
    const { lines, texts } = await try4(url);
    expect(lines).toEqual([
      `Not connected: not-a-gateway: ${url}/ is some other web server, or hides the gateway (HTTP ${status})`,
    ]);
    expect(texts).toEqual(lines);
  });

  it('a gateway that is asked by a name that it does not serve', async () => {
    const url = await listen(createHttpServer((_req, res) => void res.writeHead(421, { Connection: 'close' }).end()));
    const { lines, texts } = await try4(url);
    expect(lines).toEqual([
      `Not connected: not-a-gateway: ${url}/ is a name that the gateway there does not serve (HTTP 421; its --public-url or hosts would have to name it)`,
    ]);
    expect(texts).toEqual(lines);
  });

  it('a proxy whose gateway is down', async () => {
    const url = await listen(
      createHttpServer((_req, res) => void res.writeHead(502, { Connection: 'close' }).end('bad gateway')),
    );
    const { lines, texts } = await try4(url);
    expect(lines).toEqual([`Not connected: unreachable: ${url}/ is down behind a proxy (HTTP 502)`]);
    expect(texts).toEqual(lines);
  });

  it('a server of another kind', async () => {
    const url = await listen(
      createServer((socket) => {
        socket.on('error', () => {});
        socket.resume().end('SSH-2.0-OpenSSH_9.6\r\n');
      }),
    );
    const { lines } = await try4(url);
    expect(lines).toEqual([
      expect.stringContaining(`not-a-gateway: ${url}/ answers, but not as a gateway does: the answer is not HTTP`),
    ]);
  });
});
