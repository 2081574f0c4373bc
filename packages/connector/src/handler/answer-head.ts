import { exchangeHeadLimits } from '@reverse-http/protocol/exchange';
import { latin1Bytes, reasonPhrase, writeLatin1 } from '@reverse-http/protocol/http1';
import type { Slab } from '@reverse-http/protocol/pipe';
import { FieldLines, type FieldsInit, refused } from './field-lines.js';

const { maxHeadBytes } = exchangeHeadLimits;

/** The interim head that asks for the body. */
export const continueHead: Uint8Array = latin1Bytes('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * A head, written where it stays until it is sent. `fields` are whole lines.
 *
 * @throws ReverseHttpError `handler-failed` for one that does not fit a frame.
 */
export function encodeHead(slab: Slab, status: number, reason: string, fields: string): Uint8Array {
  const text = `HTTP/1.1 ${status} ${reason || reasonPhrase(status)}\r\n${fields}\r\n`;
  if (text.length > maxHeadBytes) throw refused(`its head is longer than ${maxHeadBytes} bytes`);
  slab.reserve(text.length);
  const start = slab.at;
  slab.at = writeLatin1(text, slab.bytes, start);
  return slab.bytes.subarray(start, slab.at);
}

/** A trailer section; undefined for no fields. */
export function encodeTrailers(fields: FieldsInit): Uint8Array | undefined {
  const lines = new FieldLines(true);
  lines.addAll(fields);
  const { text } = lines;
  if (text === '') return undefined;
  if (text.length + 2 > maxHeadBytes) throw refused(`its trailers are longer than ${maxHeadBytes} bytes`);
  return latin1Bytes(`${text}\r\n`);
}
