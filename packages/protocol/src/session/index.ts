export type { Clock, Timer } from './clock.js';
export {
  decodeGoodbye,
  decodeHello,
  decodeWelcome,
  encodeControl,
  features,
  type Goodbye,
  type Hello,
  type HelloTarget,
  maxControlMessageBytes,
  protocolVersions,
  type Welcome,
} from './control-message.js';
export { maxAckStallMs, quietMs, replyTimeoutMs } from './liveness.js';
export { createManualClock, type ManualClock } from './manual-clock.js';
export { createMemoryLink, type MemoryEnd, type MemoryLink, type MemoryLinkOptions } from './memory-transport.js';
export { movedBytesOf, type SocketCounts } from './moved-bytes.js';
export { type BlockPool, ReadBlocks, type ReadBlocksOptions } from './read-blocks.js';
export { Session } from './session.js';
export type { SessionOptions, SessionState } from './session-options.js';
export { isTargetId } from './target-id.js';
export type { Transport, TransportHandler, TransportName } from './transport.js';
