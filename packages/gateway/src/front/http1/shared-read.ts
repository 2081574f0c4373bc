import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where `net.Socket` keeps the buffer and callback of its option `onread`. */
interface OnReadSymbols {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** What `net.Socket` does when it is made with `onread`; a socket that a server made has no such option. */
interface AdoptedSocket {
  _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null;
  [key: symbol]: unknown;
}

/**
 * Reads accepted sockets into one buffer, as the option `onread` does for sockets that one makes: without it every read
 * allocates 64 KiB and gives most of it back, which is over a quarter of what answering a small request costs (6.1
 * against 4.4 us measured). Node has no public way to ask a server for it (nodejs/node has had the option for clients
 * since 12.10), so it is set where that option keeps it, and not at all where a Node keeps it elsewhere: then sockets
 * are read in the ordinary way.
 */
export interface SharedRead {
  /** Begins to read; bytes given to `onBytes` are valid during the call only where the result is true. */
  start(socket: Duplex, onBytes: (bytes: Uint8Array) => void): boolean;
}

/** One buffer for all sockets of a front. */
export function createSharedRead(size: number = 256 * 1024): SharedRead {
  const buffer = Buffer.allocUnsafeSlow(size);
  const symbols = findSymbols();
  return {
    start(socket, onBytes) {
      const adopted = socket as unknown as AdoptedSocket;
      if (!symbols || typeof adopted._handle?.useUserBuffer !== 'function') {
        socket.on('data', onBytes).resume(); // A server hands it out paused.
        return false;
      }
      adopted[symbols.buffer] = buffer;
      adopted[symbols.callback] = (length: number): boolean => {
        onBytes(buffer.subarray(0, length));
        return true;
      };
      adopted._handle.useUserBuffer(buffer);
      socket.resume();
      return true;
    },
  };
}

function findSymbols(): OnReadSymbols | undefined {
  const options = { onread: { buffer: Buffer.alloc(1), callback: () => true } };
  const probe = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  const own = Object.getOwnPropertySymbols(probe);
  probe.destroy();
  const buffer = own.find((symbol) => symbol.description === 'kBuffer');
  const callback = own.find((symbol) => symbol.description === 'kBufferCb');
  return buffer && callback && { buffer, callback };
}
