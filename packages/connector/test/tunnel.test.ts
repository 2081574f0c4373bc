import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createManualClock } from '@reverse-http/protocol/session';
import { expect, it } from 'vitest';
import { parseProxy } from '../src/node/proxy/outbound-proxy.js';
import { openTunnel } from '../src/node/proxy/tunnel.js';

/** With a reset or without. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) =>
    socket
      .resume()
      .on('error', () => {})
      .once('close', resolve),
  );
}

it('names a proxy that says nothing, or never comes to an end, and leaves no connection behind', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = { hosts: ['gw'], port: 443, socketPath: undefined, secure: true, certificateName: 'gw.example.com' };
  for (const answer of ['', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r\n']) {
    const clock = createManualClock();
    const failed = new Promise<string>((resolve) => {
      const onOpened = (): void => resolve('opened');
      const onFailed = ({ message }: Error): void => resolve(message);
      openTunnel({ proxy: parseProxy(url, 'test'), address, tls: {}, clock }, { onOpened, onFailed });
    });
    const [socket] = (await once(server, 'connection')) as [Socket];
    const [asked] = await once(socket, 'data');
    expect(String(asked)).toBe('CONNECT gw.example.com:443 HTTP/1.1\r\nHost: gw.example.com:443\r\n\r\n');
    socket.write(answer);
    // With the last answer TLS begins, and is not answered.
    if (answer.endsWith('OK\r\n\r\n')) await once(socket, 'data');
    const closed = closeOf(socket);
    clock.advance(8000);
    expect(await failed).toBe(`the proxy ${url} gives no way to gw.example.com:443 within 8 s`);
    await closed;
  }
  server.close();
});

it('leaves no connection behind when it is given up', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = { hosts: ['::1'], port: 8080, socketPath: undefined, secure: false, certificateName: '::1' };
  const options = { proxy: parseProxy(url, 'test'), address, tls: {}, clock: createManualClock() };
  const never = (): never => expect.unreachable();
  const giveUp = openTunnel(options, { onOpened: never, onFailed: never });
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [asked] = await once(socket, 'data');
  expect(String(asked)).toBe('CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n');
  const closed = closeOf(socket);
  giveUp();
  await closed;
  expect(options.clock.pendingTimers).toBe(0);
  server.close();
});
