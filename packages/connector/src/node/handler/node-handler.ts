import type { RequestListener, Server } from 'node:http';
import type { StreamAcceptor } from '../../link/stream-acceptor.js';
import type { Origin } from '../origin/origin-address.js';

/** What may answer: a server, listening or not, what one would be made of, or the address of one that listens. */
export type NodeHandler = Server | RequestListener | Origin;

/** An acceptor, and how what it holds is given up once no exchange can come. */
export interface HandlerAcceptor extends StreamAcceptor {
  close?(): void;
}
