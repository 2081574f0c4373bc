import { once } from 'node:events';
import { connect } from 'node:net';

/** A visitor that leaves half way: in its head, its body, before the answer, in it. */
export async function leaveHalfWay(target: string, where: number): Promise<void> {
  const { hostname, port, pathname } = new URL(target);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  const line = (method: string, path: string): string => `${method} ${pathname}${path} HTTP/1.1\r\nHost: localhost\r\n`;
  if (where === 0) socket.write(line('GET', 'hello'));
  else if (where === 1) socket.write(`${line('POST', 'hash')}Content-Length: 100000\r\n\r\n${'x'.repeat(50_000)}`);
  else if (where === 2) socket.write(`${line('GET', 'never')}\r\n`);
  else {
    socket.write(`${line('GET', 'lines?count=1000&ms=10')}\r\n`);
    await once(socket, 'data');
  }
  // What was written is to arrive before the end does.
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.resetAndDestroy();
}
