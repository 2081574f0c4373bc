import { ByteClass, byteClass, skipClass } from './byte-class.js';
import { equalsIgnoringCase } from './field.js';
import type { Head } from './head.js';
import { interpretRequest, interpretResponse } from './interpret-head.js';
import { latin1Bytes } from './latin1.js';
import { type HeadLimits, maxEmptyLines } from './limits.js';
import { scanFields } from './scan-fields.js';
import type { ScanResult } from './scan-result.js';

const { Token, Value, Target, Digit } = ByteClass;
const cr = 0x0d;
const lf = 0x0a;
const sp = 0x20;
const connect = latin1Bytes('CONNECT');
const options = latin1Bytes('OPTIONS');
const versionPrefix = latin1Bytes('HTTP/');
const schemes = [latin1Bytes('http://'), latin1Bytes('https://')];

/**
 * Scans a request head (RFC 9112, sections 2 to 5) in one pass, strictly: CRLF only, no folding, single spaces, token
 * names. A few empty lines before the request line are passed over (section 2.2). Bytes that come in pieces lead to the
 * same outcome as the whole: `incomplete` until it is there.
 */
export function scanRequestHead(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
): ScanResult {
  head.bytes = bytes;
  const stop = Math.min(end, start + limits.maxHeadBytes);
  let at = start;
  for (let i = 0; i < maxEmptyLines && at + 1 < stop && bytes[at] === cr && bytes[at + 1] === lf; i++) at += 2;
  head.start = at;
  const line = scanRequestLine(head, at, stop, limits);
  if (line !== 'complete') return line === 'incomplete' ? unfinished(head, start, stop, limits) : line;
  const fields = scanFields(head, bytes, head.fieldsStart, stop, limits);
  if (fields !== 'complete') return fields === 'incomplete' ? unfinished(head, start, stop, limits) : fields;
  return interpretRequest(head);
}

/** Scans the head of an answer; every fault is a `bad-answer` or `head-too-large`. */
export function scanResponseHead(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
): ScanResult {
  head.bytes = bytes;
  const stop = Math.min(end, start + limits.maxHeadBytes);
  head.start = start;
  const line = scanStatusLine(head, start, stop);
  if (line !== 'complete') return line === 'incomplete' ? unfinished(head, start, stop, limits) : line;
  const fields = scanFields(head, bytes, head.fieldsStart, stop, limits);
  if (fields === 'incomplete') return unfinished(head, start, stop, limits);
  if (fields !== 'complete') return fields === 'head-too-large' ? fields : 'bad-answer';
  return interpretResponse(head);
}

/** Scans a trailer section: field lines up to and with the empty line. Sets the fields of `head` alone. */
export function scanTrailers(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: HeadLimits,
): ScanResult {
  head.bytes = bytes;
  head.start = start;
  return scanFields(head, bytes, start, end, limits);
}

/**
 * For a head that comes in pieces: looks for its end from `from` on, where the search stopped before (0 at first, and
 * the head begins at 0). Gives the position after the empty line, or minus the position to go on from (0 for an empty
 * buffer). A line that ends with a bare LF counts as an end too, and so does one empty line too many before the head:
 * the scan refuses it then, without waiting for more. Each byte is looked at once, however small the pieces.
 */
export function findHeadEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let feed = from; feed < end; feed++) {
    if (bytes[feed] !== lf) continue;
    if (feed === 0 || bytes[feed - 1] !== cr) return feed + 1;
    // An empty line ends the head, unless nothing but a few of them stands before it (RFC 9112, section 2.2).
    if (
      feed >= 2 * maxEmptyLines ? bytes[feed - 2] === lf : feed >= 3 && bytes[feed - 2] === lf && !isBlank(bytes, feed)
    ) {
      return feed + 1;
    }
  }
  return 0 - end;
}

function isBlank(bytes: Uint8Array, end: number): boolean {
  for (let i = 0; i < end; i++) if (bytes[i] !== cr && bytes[i] !== lf) return false;
  return true;
}

function unfinished(head: Head, start: number, stop: number, limits: HeadLimits): ScanResult {
  if (stop - start < limits.maxHeadBytes) return 'incomplete';
  head.detail = 'the head is too large';
  return 'head-too-large';
}

function bad(head: Head, detail: string): ScanResult {
  head.detail = detail;
  return 'bad-request';
}

function scanRequestLine(head: Head, start: number, end: number, limits: HeadLimits): ScanResult {
  const { bytes } = head;
  let at = skipClass(bytes, start, end, Token);
  if (at === end) return 'incomplete';
  if (at === start || bytes[at] !== sp) {
    return bytes[at] === cr && at === start && at + 1 === end ? 'incomplete' : bad(head, 'the method is not a token');
  }
  head.methodStart = start;
  head.methodEnd = at;
  const targetStart = at + 1;
  at = skipClass(bytes, targetStart, end, Target);
  if (at - targetStart > limits.maxTargetBytes) {
    head.detail = 'the request target is too long';
    return 'target-too-long';
  }
  if (at === end) return 'incomplete';
  if (at === targetStart || bytes[at] !== sp) return bad(head, 'the request target has a byte it must not have');
  head.targetStart = targetStart;
  head.targetEnd = at;
  const version = scanVersion(head, at + 1, end);
  if (version !== 'complete') return version;
  at += 9;
  if (at + 1 >= end)
    return at < end && bytes[at] !== cr ? bad(head, 'the request line does not end with CRLF') : 'incomplete';
  if (bytes[at] !== cr || bytes[at + 1] !== lf) return bad(head, 'the request line does not end with CRLF');
  head.fieldsStart = at + 2;
  return splitTarget(head);
}

/** `HTTP/1.x`, eight bytes. */
function scanVersion(head: Head, at: number, end: number): ScanResult {
  const { bytes } = head;
  for (let i = 0; i < 8; i++) {
    if (at + i >= end) return 'incomplete';
    const byte = bytes[at + i]!;
    const right = i < 5 ? byte === versionPrefix[i] : i === 6 ? byte === 0x2e : byteClass[byte]! & Digit;
    if (!right) return bad(head, 'the version is not HTTP/1.1');
  }
  if (bytes[at + 5] !== 0x31) {
    head.detail = 'only HTTP/1.1 and HTTP/1.0 are spoken here';
    return 'version-not-supported';
  }
  head.minorVersion = bytes[at + 7] === 0x30 ? 0 : 1;
  return 'complete';
}

/** Which of the four forms the target has (RFC 9112, section 3.2). */
function splitTarget(head: Head): ScanResult {
  const { bytes, targetStart, targetEnd } = head;
  head.pathStart = targetStart;
  head.pathEnd = targetEnd;
  head.authorityStart = head.authorityEnd = targetStart;
  if (methodIs(head, connect)) return splitAuthorityForm(head);
  if (bytes[targetStart] === 0x2f) return 'complete';
  if (targetEnd - targetStart === 1 && bytes[targetStart] === 0x2a) {
    return methodIs(head, options) ? 'complete' : bad(head, 'the target * is for OPTIONS alone');
  }
  return splitAbsoluteForm(head);
}

/** `host:port`, the port not left out (RFC 9112, section 3.2.3). */
function splitAuthorityForm(head: Head): ScanResult {
  const { bytes, targetStart, targetEnd } = head;
  head.authorityEnd = targetEnd;
  let at = targetEnd;
  while (at > targetStart && byteClass[bytes[at - 1]!]! & Digit) at--;
  const hasPort = at < targetEnd && at > targetStart && bytes[at - 1] === 0x3a;
  return hasPort ? 'complete' : bad(head, 'CONNECT wants a host and a port');
}

function splitAbsoluteForm(head: Head): ScanResult {
  const { bytes, targetStart, targetEnd } = head;
  let at = targetStart;
  for (const scheme of schemes) {
    const length = scheme.length;
    if (targetEnd - targetStart > length && equalsIgnoringCase(bytes, targetStart, scheme)) at = targetStart + length;
  }
  if (at === targetStart) return bad(head, 'the request target has no form that HTTP knows');
  head.authorityStart = at;
  while (at < targetEnd && bytes[at] !== 0x2f && bytes[at] !== 0x3f) at++;
  head.authorityEnd = at;
  head.pathStart = at;
  if (head.authorityEnd === head.authorityStart) return bad(head, 'the request target names no host');
  // The grammar allows `http://host?query`; refused, since the path that it means is nowhere in the bytes.
  return bytes[at] === 0x3f ? bad(head, 'the request target has no path') : 'complete';
}

function methodIs({ bytes, methodStart, methodEnd }: Head, method: Uint8Array): boolean {
  if (methodEnd - methodStart !== method.length) return false;
  for (let i = 0; i < method.length; i++) if (bytes[methodStart + i] !== method[i]) return false;
  return true;
}

function scanStatusLine(head: Head, start: number, end: number): ScanResult {
  const { bytes } = head;
  const version = scanVersion(head, start, end);
  if (version === 'incomplete') return version;
  if (version !== 'complete') return badAnswer(head, 'the answer is not HTTP/1');
  let at = start + 8;
  if (at === end) return 'incomplete';
  if (bytes[at] !== sp) return badAnswer(head, 'no space before the status');
  let status = 0;
  for (at++; at < start + 12; at++) {
    if (at === end) return 'incomplete';
    if (!(byteClass[bytes[at]!]! & Digit)) return badAnswer(head, 'the status is not a number');
    status = status * 10 + bytes[at]! - 0x30;
  }
  if (status < 100 || status > 599) return badAnswer(head, 'the status is out of range');
  head.status = status;
  if (at === end) return 'incomplete';
  // The space after the status is left out by some servers that have no reason to give.
  if (bytes[at] === sp) at++;
  else if (bytes[at] !== cr) return badAnswer(head, 'the status is not a number');
  head.reasonStart = at;
  at = skipClass(bytes, at, end, Value);
  head.reasonEnd = at;
  if (at + 1 >= end)
    return at < end && bytes[at] !== cr ? badAnswer(head, 'a byte that a reason must not have') : 'incomplete';
  if (bytes[at] !== cr || bytes[at + 1] !== lf) return badAnswer(head, 'a byte that a reason must not have');
  head.fieldsStart = at + 2;
  return 'complete';
}

function badAnswer(head: Head, detail: string): ScanResult {
  head.detail = detail;
  return 'bad-answer';
}
