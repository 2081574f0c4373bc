import { createServer, type Server, type Socket } from 'node:net';

/** Answers the request for a path; `end` tells that nothing more comes on this connection. */
export type RawAnswer = (path: string, socket: Socket) => void;

/** A server that answers with whatever bytes it is told, one answer a head; bodies of requests are not understood. */
export function createRawOrigin(answer: RawAnswer): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let received = '';
    socket.on('data', (data: Buffer) => {
      received += data.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const path = received.split(' ', 2)[1]!;
        received = received.slice(end + 4);
        if (path === '/healthy') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nhealthy');
        else answer(path, socket);
      }
    });
    socket.on('end', () => void socket.end());
    socket.on('error', () => {}); // 'close' follows.
  });
}
