import { Duplex } from 'node:stream';
import type { AcceptedSocket } from '../machine/machine.js';

/** What leaves a socket. */
export type Piece =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly onTaken: () => void }
  /** Nothing more comes (FIN). */
  | { readonly kind: 'end' }
  /** The connection is no more (RST). */
  | { readonly kind: 'reset' };

/** One way of a connection. */
export interface Lane {
  send(piece: Piece): void;
  /** The other end reads again. */
  onRoom(): void;
}

/** Who is at the other end. */
export interface MemoryPeer {
  readonly address: string;
  readonly port: number;
}

/**
 * One end of a connection in memory, as a `net.Socket` is one of a connection by TCP: what is written arrives in order,
 * half of it can end, a reset ends both.
 */
export class MemorySocket extends Duplex implements AcceptedSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  bytesRead = 0;
  bytesWritten = 0;
  /** Where it writes to, and where it reads from. */
  #out: Lane | undefined;
  #in: Lane | undefined;
  /** The last that was told the other end: an end may be followed by a reset, and nothing by an end. */
  #told: 'end' | 'reset' | undefined;

  constructor(peer: MemoryPeer, allowHalfOpen: boolean) {
    super({ allowHalfOpen });
    this.remoteAddress = peer.address;
    this.remotePort = peer.port;
  }

  join(out: Lane, into: Lane): void {
    this.#out = out;
    this.#in = into;
  }

  /** Takes what arrived; false asks to wait until {@link Lane.onRoom}. */
  receive(piece: Piece): boolean {
    if (piece.kind === 'reset') {
      this.#told = 'reset'; // The other end knows.
      this.destroy(connectionReset());
      return true;
    }
    if (this.destroyed) {
      if (piece.kind === 'bytes') this.#tell('reset');
      return true;
    }
    if (piece.kind === 'end') {
      this.push(null);
      return true;
    }
    this.bytesRead += piece.bytes.length;
    return this.push(piece.bytes);
  }

  resetAndDestroy(): this {
    this.#tell('reset');
    return this.destroy();
  }

  // What `http` and `ws` ask of a socket where there is one.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    this.#in?.onRoom();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, onTaken: () => void): void {
    this.bytesWritten += chunk.length;
    // Whoever wrote it may use its memory again.
    this.#out?.send({ kind: 'bytes', bytes: Buffer.from(chunk), onTaken });
  }

  override _final(onEnded: () => void): void {
    this.#tell('end');
    onEnded();
  }

  override _destroy(error: Error | null, onDestroyed: (error: Error | null) => void): void {
    this.#tell(error ? 'reset' : 'end');
    onDestroyed(error);
  }

  #tell(kind: 'end' | 'reset'): void {
    if (this.#told === kind || this.#told === 'reset') return;
    this.#told = kind;
    this.#out?.send({ kind });
  }
}

/** What a socket fails with whose connection was reset. */
function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

/** One that fails as soon as its owner could have begun to listen to it. */
export function refusedSocket(to: MemoryPeer): MemorySocket {
  const socket = new MemorySocket(to, false);
  const message = `connect ECONNREFUSED ${to.address}:${to.port}`;
  process.nextTick(() => socket.destroy(Object.assign(new Error(message), { code: 'ECONNREFUSED' })));
  return socket;
}
