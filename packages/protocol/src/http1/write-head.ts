import { equalsIgnoringCase, Field } from './field.js';
import type { Head } from './head.js';
import { latin1Bytes, writeLatin1 } from './latin1.js';
import { elementEnd, skipSpace, trimSpace } from './list-element.js';

const dropped = Field.Dropped;

/** Runs up to this length are copied byte by byte: cheaper than a view and a call. */
const shortRun = 24;

/** Copies `bytes[start..end)` to `into[at..]`; returns the position after it. */
export function copyBytes(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  const length = end - start;
  if (length <= shortRun) for (let i = 0; i < length; i++) into[at + i] = bytes[start + i]!;
  else into.set(bytes.subarray(start, end), at);
  return at + length;
}

/** Marks a field: {@link copyFields} leaves it out. */
export function dropField(head: Head, index: number): void {
  head.ids[index] = dropped;
}

/** Copies the field lines that are not dropped, as they came, in as few pieces as there are; returns the position after them. */
export function copyFields(head: Head, into: Uint8Array, at: number): number {
  const { ids, count, bytes } = head;
  let position = at;
  let i = 0;
  while (i < count) {
    while (i < count && ids[i] === dropped) i++;
    if (i === count) break;
    const start = head.lineStart(i);
    while (i < count && ids[i] !== dropped) i++;
    position = copyBytes(bytes, start, head.lineStart(i), into, position);
  }
  return position;
}

/** Fields that belong to one connection alone, listed or not (RFC 9110, section 7.6.1). */
function isHopByHop(id: number): boolean {
  switch (id) {
    case Field.Connection:
    case Field.KeepAlive:
    case Field.ProxyConnection:
    case Field.Te:
    case Field.TransferEncoding:
    case Field.Upgrade:
    case Field.Http2Settings:
    case Field.ProxyAuthenticate:
    case Field.ProxyAuthorization:
    case Field.ProxyAuthenticationInfo:
      return true;
    default:
      return false;
  }
}

/** What `Connection` must not take away, beside `Content-*` (an attacker would hide it from the server behind). */
function isProtected(id: number): boolean {
  switch (id) {
    case Field.Host:
    case Field.Cookie:
    case Field.SetCookie:
    case Field.Authorization:
    case Field.CacheControl:
      return true;
    default:
      return false;
  }
}

/** Marks what must not pass an intermediary: hop-by-hop fields and every field that `Connection` lists, but those it must not. */
export function dropHopByHop(head: Head): void {
  const { ids, count } = head;
  for (let i = 0; i < count; i++) {
    if (ids[i] === Field.Connection) dropListed(head, i);
    if (isHopByHop(ids[i]!)) ids[i] = dropped;
  }
}

const contentPrefix = latin1Bytes('content-');
/** Fields that go in any case; `Connection` itself must not, before all it lists are found. */
const usualOptions: readonly Uint8Array[] = ['keep-alive', 'upgrade', 'te', 'connection', 'http2-settings'].map(
  latin1Bytes,
);

function dropListed(head: Head, connection: number): void {
  const { bytes, positions } = head;
  const end = positions[connection * 4 + 3]!;
  for (let at = positions[connection * 4 + 2]!; at < end; ) {
    const stop = elementEnd(bytes, at, end);
    const from = skipSpace(bytes, at, stop);
    const to = trimSpace(bytes, from, stop);
    if (to > from && !isUsual(bytes, from, to)) dropNamed(head, from, to);
    at = stop + 1;
  }
}

function isUsual(bytes: Uint8Array, from: number, to: number): boolean {
  for (const option of usualOptions) {
    if (to - from === option.length && equalsIgnoringCase(bytes, from, option)) return true;
  }
  return to - from >= contentPrefix.length && equalsIgnoringCase(bytes, from, contentPrefix);
}

function dropNamed(head: Head, from: number, to: number): void {
  const { bytes, ids, positions, count } = head;
  for (let i = 0; i < count; i++) {
    const start = positions[i * 4]!;
    if (positions[i * 4 + 1]! - start !== to - from || isProtected(ids[i]!)) continue;
    if (sameName(bytes, start, from, to - from)) ids[i] = dropped;
  }
}

function sameName(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (lowerCase(bytes[a + i]!) !== lowerCase(bytes[b + i]!)) return false;
  return true;
}

function lowerCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

const reasonPhrases: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  426: 'Upgrade Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  508: 'Loop Detected',
};

/** The usual phrase of a status (RFC 9110, section 15); empty for one that has none here. */
export function reasonPhrase(status: number): string {
  return reasonPhrases[status] ?? '';
}

/** Writes `HTTP/1.1 status reason` with its line end; returns the position after it. */
export function writeStatusLine(
  into: Uint8Array,
  at: number,
  status: number,
  reason: string = reasonPhrase(status),
): number {
  return writeLatin1(`HTTP/1.1 ${status} ${reason}\r\n`, into, at);
}

/** Writes a field line; name and value are the caller's to vouch for. Returns the position after it. */
export function writeField(into: Uint8Array, at: number, name: string, value: string): number {
  return writeLatin1(`${name}: ${value}\r\n`, into, at);
}

/** Writes a whole number in decimal; returns the position after it. */
export function writeDecimal(into: Uint8Array, at: number, value: number): number {
  return writeLatin1(String(value), into, at);
}
