export {
  type MessageHeader,
  MessageKind,
  maxMessageHeaderBytes,
  readMessageHeader,
  replyFlag,
  writeMessageHeader,
} from './message.js';
export {
  type ByteBudget,
  defaultMaxUnackedBytes,
  defaultPipeSenderLimits,
  leastMaxUnackedBytes,
  maxUnackedControlBytes,
  type PipeSenderLimits,
  pipeSenderLimits,
} from './pipe-limits.js';
export { maxHeldPieces, PipeReceiver, type PipeReceiverOptions } from './pipe-receiver.js';
export { minPullBytes, PipeSender, type PipeSource, type PullScope } from './pipe-sender.js';
export { maxPinningChunks } from './replay-buffer.js';
export { Slab } from './slab.js';
export { maxVarintBytes, readVarint, varintLength, varintSize, writeVarint } from './varint.js';
