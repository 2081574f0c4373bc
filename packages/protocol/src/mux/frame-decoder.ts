import { ReverseHttpError } from '../errors/index.js';
import { readVarint, varintSize } from '../pipe/index.js';
import { FrameType, maxFrameHeaderBytes, payloadLimit } from './frame.js';

/** Takes what the decoder finds. Bytes are valid only during the call. */
export interface FrameSink {
  /** A whole frame of any known type but data. */
  onFrame(type: number, streamId: number, payload: Uint8Array): void;
  /** A piece of a data frame, passed on as it comes; `end` with the last piece of a `DataEnd`. */
  onData(streamId: number, bytes: Uint8Array, end: boolean): void;
}

const noBytes: Uint8Array = new Uint8Array(0);

/**
 * Incremental frame decoder: takes the pipe's bytes in any pieces. Data passes through without being gathered; other
 * payloads are referenced when whole in one piece, else gathered in a buffer that grows as bytes arrive; frames of unknown
 * types are passed over.
 */
export class FrameDecoder {
  readonly #sink: FrameSink;
  readonly #header: Uint8Array = new Uint8Array(maxFrameHeaderBytes);
  #headerLength = 0;
  #type = 0;
  #streamId = 0;
  #payloadLength = 0;
  /** Payload still missing; -1 while a header is being read. */
  #missing = -1;
  #gathered: Uint8Array = noBytes;
  #gatheredLength = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @throws ReverseHttpError `protocol-error` for an unknown critical type, a length above its type's bound or an id above
   * 2^53 - 1.
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing < 0) at = this.#readHeader(bytes, at);
      else if (isData(this.#type)) at = this.#passData(bytes, at);
      else if (isSkipped(this.#type)) at = this.#skip(bytes, at);
      else at = this.#passPayload(bytes, at);
    }
  }

  #readHeader(bytes: Uint8Array, at: number): number {
    let source = bytes;
    let start = at;
    let end = bytes.length;
    if (this.#headerLength > 0 || end - at < maxFrameHeaderBytes) {
      // Gather: the header may straddle pieces. What was taken too much is given back below.
      const take = Math.min(maxFrameHeaderBytes - this.#headerLength, end - at);
      for (let i = 0; i < take; i++) this.#header[this.#headerLength + i] = bytes[at + i]!;
      source = this.#header;
      start = 0;
      end = this.#headerLength + take;
    }
    const length = this.#parseHeader(source, start, end);
    if (length === 0) {
      this.#headerLength = end - start;
      return bytes.length;
    }
    const used = at + length - this.#headerLength;
    this.#headerLength = 0;
    return used;
  }

  /** Length of the header at `start`, 0 when it is not whole. */
  #parseHeader(bytes: Uint8Array, start: number, end: number): number {
    let at = start + 1;
    if (at >= end) return 0;
    const idSize = varintSize(bytes[at]!);
    if (at + idSize >= end) return 0;
    const streamId = readVarint(bytes, at);
    at += idSize;
    const lengthSize = varintSize(bytes[at]!);
    if (at + lengthSize > end) return 0;
    const length = readVarint(bytes, at);
    at += lengthSize;
    const type = bytes[start]!;
    if (Number.isNaN(streamId)) throw new ReverseHttpError('protocol-error', 'stream id out of range');
    const limit = payloadLimit(type);
    if (limit < 0) throw new ReverseHttpError('protocol-error', `unknown critical frame type ${type}`);
    if (!(length <= limit)) throw new ReverseHttpError('protocol-error', 'frame too long');
    this.#type = type;
    this.#streamId = streamId;
    this.#payloadLength = length;
    this.#missing = length;
    if (length === 0) this.#emitEmpty();
    return at - start;
  }

  #emitEmpty(): void {
    this.#missing = -1;
    if (isData(this.#type)) this.#sink.onData(this.#streamId, noBytes, this.#type === FrameType.DataEnd);
    else if (!isSkipped(this.#type)) this.#sink.onFrame(this.#type, this.#streamId, noBytes);
  }

  #passData(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    const last = this.#missing === 0;
    if (last) this.#missing = -1;
    this.#sink.onData(this.#streamId, bytes.subarray(at, end), last && this.#type === FrameType.DataEnd);
    return end;
  }

  #skip(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0) this.#missing = -1;
    return end;
  }

  #passPayload(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#missing);
    if (end - at === this.#payloadLength) {
      this.#missing = -1;
      this.#sink.onFrame(this.#type, this.#streamId, bytes.subarray(at, end));
      return end;
    }
    this.#gather(bytes, at, end);
    this.#missing -= end - at;
    if (this.#missing === 0) {
      const payload = this.#gathered.subarray(0, this.#gatheredLength);
      this.#missing = -1;
      this.#gathered = noBytes;
      this.#gatheredLength = 0;
      this.#sink.onFrame(this.#type, this.#streamId, payload);
    }
    return end;
  }

  /** Appends; doubles as bytes arrive, so that a length alone allocates nothing. */
  #gather(bytes: Uint8Array, at: number, end: number): void {
    const needed = this.#gatheredLength + end - at;
    if (needed > this.#gathered.length) {
      const grown = new Uint8Array(Math.min(this.#payloadLength, Math.max(256, needed * 2)));
      grown.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = grown;
    }
    this.#gathered.set(bytes.subarray(at, end), this.#gatheredLength);
    this.#gatheredLength = needed;
  }
}

function isData(type: number): boolean {
  return type === FrameType.Data || type === FrameType.DataEnd;
}

/** Types with the low bit clear are extensions; none is known yet. */
function isSkipped(type: number): boolean {
  return (type & 1) === 0;
}
