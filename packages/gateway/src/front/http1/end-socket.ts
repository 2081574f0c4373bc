import type { AcceptedSocket } from '../../machine/machine.js';

/** Ends our side once all that was written is out: until then a connection that has to be broken off can be reset. */
export function endSocket(socket: AcceptedSocket, onEnded: () => void): void {
  const end = (): void => {
    socket.end();
    onEnded();
  };
  if (socket.writableLength === 0) end();
  else socket.write('', end);
}

/** Ends both sides now, `hard` by a reset. One while a shutdown is under way would fail, and leave the handle open. */
export function breakSocket(socket: AcceptedSocket, hard: boolean): void {
  if (hard && !socket.writableEnded) socket.resetAndDestroy();
  else socket.destroy();
}
