import { varintLength, writeVarint } from '../pipe/index.js';

/**
 * First byte of a frame. Then, as varints: stream id, length of the payload; then the payload. A type with the low bit
 * set is critical: who does not know it ends the session. Others are skipped when unknown.
 */
export const FrameType = {
  /** A request's or final answer's head; a body follows. */
  Head: 0x01,
  /** The same, and nothing follows. */
  HeadEnd: 0x03,
  Data: 0x05,
  /** Data, and nothing follows. */
  DataEnd: 0x07,
  /** Trailer section; nothing follows. */
  Trailers: 0x09,
  /** Payload: varint, bytes that may be sent beyond what was granted before. */
  Credit: 0x0b,
  /** Payload: varint code, then ASCII detail for people. Ends the stream both ways. */
  Reset: 0x0d,
  /** Stream id 0, empty payload: the sender wants no new streams. */
  GoAway: 0x0f,
  /** A head that another head follows (1xx); counts against credit. */
  Interim: 0x11,
  /** This and its multiples mean nothing and never will: our ends send one now and then, so that skipping stays possible. */
  Grease: 0x20,
} as const;

/** A frame's payload is at most this long. */
export const maxFramePayload: number = 64 * 1024;

/** A head or trailer section is one frame of at most this length. */
export const maxHeadPayload: number = 56 * 1024;

/** A reset's detail is at most this long. */
export const maxResetDetail = 256;

/** Longest frame header: type, id, length. */
export const maxFrameHeaderBytes = 17;

/** Data frames of ours carry at most this: the largest length that fits two bytes. */
export const maxDataPayload = 0x3fff;

const payloadLimits = new Int32Array(256).fill(-1);
for (let type = 0; type < 256; type += 2) payloadLimits[type] = maxFramePayload;
payloadLimits[FrameType.Data] = payloadLimits[FrameType.DataEnd] = maxFramePayload;
for (const type of [FrameType.Head, FrameType.HeadEnd, FrameType.Interim, FrameType.Trailers]) {
  payloadLimits[type] = maxHeadPayload;
}
payloadLimits[FrameType.Credit] = 8;
payloadLimits[FrameType.Reset] = 8 + maxResetDetail;
payloadLimits[FrameType.GoAway] = 0;

/** Longest payload that a frame of this type may have; -1 for a critical type that is not known. */
export function payloadLimit(type: number): number {
  return payloadLimits[type]!;
}

/** Writes a frame header; returns the position of the payload. */
export function writeFrameHeader(into: Uint8Array, at: number, type: number, streamId: number, length: number): number {
  into[at] = type;
  return writeVarint(into, writeVarint(into, at + 1, streamId), length);
}

/** Bytes that a frame with this payload takes. */
export function frameLength(streamId: number, length: number): number {
  return 1 + varintLength(streamId) + varintLength(length) + length;
}

/**
 * Writes the length of a payload that is there now, where {@link writeFrameHeader} was told the most that it could
 * become: a varint of the same size, whatever the length's shortest form is. Lengths of 64 and more only.
 */
export function writeLength(into: Uint8Array, payload: number, most: number, length: number): void {
  if (most > maxDataPayload) {
    into[payload - 4] = 0x80;
    into[payload - 3] = length >>> 16;
    into[payload - 2] = length >>> 8;
  } else into[payload - 2] = 0x40 | (length >>> 8);
  into[payload - 1] = length;
}
