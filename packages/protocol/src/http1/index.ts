export { ByteClass, byteClass } from './byte-class.js';
export { type ChunkedEvent, ChunkedReader } from './chunked-reader.js';
export { chunkEnd, lastChunk, lastChunkBeforeTrailers, maxChunkHeaderBytes, writeChunkSize } from './chunked-writer.js';
export { equalsIgnoringCase, Field, identifyField, type KnownField } from './field.js';
export { Head } from './head.js';
export { latin1, latin1Bytes, writeLatin1 } from './latin1.js';
export { type ChunkLimits, defaultChunkLimits, defaultHeadLimits, type HeadLimits } from './limits.js';
export {
  type Asked,
  asksTunnel,
  authorityOf,
  fieldName,
  fieldValue,
  findField,
  isConnect,
  methodOf,
  pathOf,
  readMetadata,
  valueHasToken,
} from './read-head.js';
export { findHeadEnd, scanRequestHead, scanResponseHead, scanTrailers } from './scan-head.js';
export type { HeadFault, ScanResult } from './scan-result.js';
export {
  copyBytes,
  copyFields,
  dropField,
  dropHopByHop,
  reasonPhrase,
  writeDecimal,
  writeField,
  writeStatusLine,
} from './write-head.js';
export { bodyOf, bytesOf, type WrittenBody } from './written-body.js';
