import type { AcceptedSocket } from '../../machine/machine.js';
import type { Peer } from '../../visit/visit.js';

/** Who is at the other end of a socket. */
export function peerOf(socket: AcceptedSocket): Peer {
  const { remoteAddress = '', remotePort = 0 } = socket;
  // Without the prefix of an IPv4 address on a dual-stack socket.
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
  return { address, port: remotePort, secure: false };
}
