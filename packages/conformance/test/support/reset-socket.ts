import type { Socket } from 'node:net';

/**
 * Breaks a connection off by RST. Where its end is under way already, that is what the peer sees: a reset while a shutdown
 * runs fails (`EINVAL`) and leaves the handle open for ever, so that Node spins when it is to exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
