export type { ByteSink, ByteSource, HeadSource } from './byte-stream.js';
export { FrameType, frameLength, maxFramePayload, maxHeadPayload, payloadLimit, writeFrameHeader } from './frame.js';
export { FrameDecoder, type FrameSink } from './frame-decoder.js';
export { Mux, type MuxOptions, maxRefusalsOwed, quantum } from './mux.js';
export {
  type Delivery,
  initialWindow,
  MuxStream,
  maxWindow,
  type StreamHandler,
} from './mux-stream.js';
export { WindowPool } from './window-pool.js';
