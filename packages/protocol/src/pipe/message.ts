import { maxVarintBytes, readVarint, varintLength, varintSize, writeVarint } from './varint.js';

/**
 * First byte of every message, on every transport. Hello, welcome, refuse and close carry JSON and stand outside the
 * byte streams; data messages carry a piece of one.
 */
export const MessageKind = { Hello: 0x01, Welcome: 0x02, Refuse: 0x03, Close: 0x04, Data: 0x10 } as const;

/** Flag in a data message's first byte: answer at once, if only with an ack. An answer never sets it. */
export const replyFlag = 0x01;

/** Room that a data message's header needs at most: kind, offset, ack. */
export const maxMessageHeaderBytes: number = 1 + 2 * maxVarintBytes;

/** A data message's header; one object is reused for all messages of a pipe. */
export interface MessageHeader {
  /** Offset of the first byte in the sender's stream. */
  offset: number;
  /** All bytes of the receiver's own stream below this were processed. */
  ack: number;
  reply: boolean;
  /** Where the bytes begin inside the message. */
  payloadStart: number;
}

/**
 * Writes the header so that it ends right before `payloadStart`; returns where it begins. The caller has left
 * {@link maxMessageHeaderBytes} free there.
 */
export function writeMessageHeader(
  into: Uint8Array,
  payloadStart: number,
  offset: number,
  ack: number,
  reply: boolean,
): number {
  const start = payloadStart - varintLength(ack) - varintLength(offset) - 1;
  into[start] = reply ? MessageKind.Data | replyFlag : MessageKind.Data;
  writeVarint(into, writeVarint(into, start + 1, offset), ack);
  return start;
}

/** Reads a data message's header into `header`; false when it is cut short or out of range. */
export function readMessageHeader(bytes: Uint8Array, header: MessageHeader): boolean {
  let at = 1;
  if (at >= bytes.length || at + varintSize(bytes[at]!) > bytes.length) return false;
  const offset = readVarint(bytes, at);
  at += varintSize(bytes[at]!);
  if (at >= bytes.length || at + varintSize(bytes[at]!) > bytes.length) return false;
  const ack = readVarint(bytes, at);
  at += varintSize(bytes[at]!);
  if (Number.isNaN(offset) || Number.isNaN(ack)) return false;
  header.offset = offset;
  header.ack = ack;
  header.reply = (bytes[0]! & replyFlag) !== 0;
  header.payloadStart = at;
  return true;
}
