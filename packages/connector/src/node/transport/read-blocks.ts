import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { type BlockPool, ReadBlocks } from '@reverse-http/protocol/session';

const blockBytes = 512 * 1024;
/** The first one serves those who hardly hear anything. */
const firstBlockBytes = 128 * 1024;
/** With less than this free, a block is full. */
const leastBytes = 64 * 1024;
/** Blocks kept for reads to come. */
const maxSpare = 2;

/** A socket's reads. */
export interface BlockReads {
  /** Opens the socket: for the option `createConnection` of `ws`. */
  connect(options: NetConnectOpts): Socket;
  /** See {@link ReadBlocks.used}. */
  used(payload: number): void;
}

/** Has one WebSocket's socket read into {@link ReadBlocks}. */
export function createBlockReads(): BlockReads {
  const blocks = new ReadBlocks({ pool: createPool(), isMasked: false });
  return {
    used: (payload) => blocks.used(payload),
    connect(options) {
      const socket: Socket = connect({
        ...options,
        onread: {
          buffer: () => blocks.room(leastBytes)!,
          callback(length, buffer) {
            blocks.came(length);
            return socket.push(buffer.subarray(0, length));
          },
        },
      });
      return socket;
    },
  };
}

function createPool(): BlockPool<Buffer> {
  const spare: Buffer[] = [];
  let size = firstBlockBytes;
  return {
    take() {
      const block = spare.pop() ?? Buffer.allocUnsafeSlow(size);
      size = blockBytes;
      return block;
    },
    give(block) {
      if (block.length === blockBytes && spare.length < maxSpare) spare.push(block);
    },
    drop() {},
  };
}
