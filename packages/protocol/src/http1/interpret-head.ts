import { parseDecimal } from './digits.js';
import { equalsIgnoringCase, Field } from './field.js';
import type { Head } from './head.js';
import { isHost } from './host.js';
import { latin1Bytes } from './latin1.js';
import { maxConnectionOptions } from './limits.js';
import { elementEnd, skipSpace, trimSpace } from './list-element.js';
import { asksTunnel } from './read-head.js';
import type { ScanResult } from './scan-result.js';

type Blame = 'bad-request' | 'bad-answer';

const chunked = latin1Bytes('chunked');
const close = latin1Bytes('close');
const keepAlive = latin1Bytes('keep-alive');
const upgrade = latin1Bytes('upgrade');
const continueExpectation = latin1Bytes('100-continue');
const otherCodings = ['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'].map(latin1Bytes);

/** What the fields of a request say about framing and connection; refuses what is ambiguous (RFC 9112, section 6.3). */
export function interpretRequest(head: Head): ScanResult {
  const result = interpretFields(head, 'bad-request');
  // An odd expectation is the mildest fault: whoever answers it must be able to trust the framing.
  if (result !== 'complete' && result !== 'expectation-failed') return result;
  if (head.hostIndex < 0) {
    if (head.minorVersion === 1) return fault(head, 'bad-request', 'no Host field');
  } else if (!hasGoodHost(head)) {
    return fault(head, 'bad-request', 'the Host field is malformed');
  }
  if (head.authorityEnd > head.authorityStart) {
    if (!isHost(head.bytes, head.authorityStart, head.authorityEnd))
      return fault(head, 'bad-request', 'the target names a malformed host');
    if (asksTunnel(head)) return interpretConnect(head, result);
  }
  return result;
}

/** What follows a CONNECT is meant for the other end of the tunnel: it has no content (RFC 9110, section 9.3.6). */
function interpretConnect(head: Head, result: ScanResult): ScanResult {
  if (head.chunked || head.contentLength > 0) return fault(head, 'bad-request', 'CONNECT with content');
  head.contentLength = -1;
  head.connectionClose = head.upgrade = true;
  return result;
}

/** The same for an answer. */
export function interpretResponse(head: Head): ScanResult {
  return interpretFields(head, 'bad-answer');
}

/** An empty Host says that the target has no authority (RFC 9112, section 3.2): only `*` can be without. */
function hasGoodHost(head: Head): boolean {
  const start = head.positions[head.hostIndex * 4 + 2]!;
  const end = head.positions[head.hostIndex * 4 + 3]!;
  if (start === end) return head.bytes[head.targetStart] === 0x2a;
  return isHost(head.bytes, start, end);
}

function interpretFields(head: Head, blame: Blame): ScanResult {
  head.contentLength = -1;
  head.hostIndex = -1;
  head.chunked = head.connectionClose = head.connectionKeepAlive = head.upgrade = head.expectContinue = false;
  let options = 0;
  let upgradeNamed = false;
  let oddExpectation = false;
  const { ids, positions, bytes, count } = head;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (id === Field.Other) continue;
    const start = positions[i * 4 + 2]!;
    const end = positions[i * 4 + 3]!;
    switch (id) {
      case Field.ContentLength:
        if (head.contentLength >= 0) return fault(head, blame, 'more than one Content-Length');
        head.contentLength = parseDecimal(bytes, start, end);
        if (head.contentLength < 0) return fault(head, blame, 'Content-Length is not a number');
        break;
      case Field.TransferEncoding: {
        if (head.chunked) return fault(head, blame, 'more than one Transfer-Encoding');
        const result = interpretCoding(head, start, end, blame);
        if (result !== 'complete') return result;
        break;
      }
      case Field.Connection:
        options += interpretConnection(head, start, end);
        if (options > maxConnectionOptions) return fault(head, blame, 'too many connection options');
        break;
      case Field.Upgrade:
        upgradeNamed = true;
        break;
      case Field.Host:
        if (head.hostIndex >= 0) return fault(head, blame, 'more than one Host field');
        head.hostIndex = i;
        break;
      case Field.Expect:
        if (is(bytes, start, end, continueExpectation)) head.expectContinue = true;
        else oddExpectation = true;
        break;
      case Field.UnderscoreTransferEncoding:
      case Field.UnderscoreContentLength:
        return fault(head, blame, 'a field name that some servers take for a framing field');
    }
  }
  if (head.chunked && head.contentLength >= 0)
    return fault(head, blame, 'Content-Length and Transfer-Encoding together');
  if (head.minorVersion === 0) {
    if (head.chunked) return fault(head, blame, 'Transfer-Encoding in HTTP/1.0');
    // Neither expectations nor upgrades exist there (RFC 9110, sections 7.8 and 10.1.1).
    head.expectContinue = head.upgrade = false;
    return 'complete';
  }
  head.upgrade = head.upgrade && upgradeNamed;
  if (blame === 'bad-answer') head.expectContinue = false;
  else if (oddExpectation) return fault(head, 'expectation-failed', 'an expectation that is not 100-continue');
  return 'complete';
}

function fault(head: Head, result: ScanResult, detail: string): ScanResult {
  head.detail = detail;
  return result;
}

/** Only `chunked` alone is understood; real codings before it are 501, anything else is faulty framing. */
function interpretCoding(head: Head, start: number, end: number, blame: Blame): ScanResult {
  const { bytes } = head;
  if (is(bytes, start, end, chunked)) {
    head.chunked = true;
    return 'complete';
  }
  let known = false;
  for (let at = start; at < end; ) {
    const stop = elementEnd(bytes, at, end);
    const from = skipSpace(bytes, at, stop);
    const to = trimSpace(bytes, from, stop);
    if (known && stop === end && is(bytes, from, to, chunked)) {
      return fault(head, blame === 'bad-answer' ? blame : 'not-implemented', 'a transfer coding other than chunked');
    }
    known = otherCodings.some((coding) => is(bytes, from, to, coding));
    if (!known) break;
    at = stop + 1;
  }
  return fault(head, blame, 'Transfer-Encoding does not end with one chunked');
}

/** Notes the connection options that matter, with `head.upgrade` that it is among them; returns how many there are. */
function interpretConnection(head: Head, start: number, end: number): number {
  const { bytes } = head;
  let options = 0;
  for (let at = start; at < end; ) {
    const stop = elementEnd(bytes, at, end);
    const from = skipSpace(bytes, at, stop);
    const to = trimSpace(bytes, from, stop);
    if (to > from) options++;
    if (is(bytes, from, to, keepAlive)) head.connectionKeepAlive = true;
    else if (is(bytes, from, to, close)) head.connectionClose = true;
    else if (is(bytes, from, to, upgrade)) head.upgrade = true;
    at = stop + 1;
  }
  return options;
}

function is(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  return end - start === lower.length && equalsIgnoringCase(bytes, start, lower);
}
