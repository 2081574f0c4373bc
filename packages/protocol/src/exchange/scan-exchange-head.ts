import { Field, type Head, type HeadLimits, scanRequestHead, scanResponseHead, scanTrailers } from '../http1/index.js';
import { maxHeadPayload } from '../mux/index.js';

/** Bounds of a head inside a session: one frame. */
export const exchangeHeadLimits: HeadLimits = {
  maxHeadBytes: maxHeadPayload,
  maxTargetBytes: maxHeadPayload,
  maxFields: 1000,
  metadata: true,
};

/** The same for answers and trailer sections, which have no metadata. */
const withoutMetadata: HeadLimits = { ...exchangeHeadLimits, metadata: false };

/**
 * Scans a request head that must fill `bytes` exactly; returns what is wrong, undefined when nothing is. `head.upgrade`
 * says whether it asks for an upgrade, for which an `Upgrade` field is enough (`Connection` has no place in a session), or
 * for a tunnel.
 */
export function scanExchangeRequest(head: Head, bytes: Uint8Array): string | undefined {
  const fault = faultOf(head, bytes, scanRequestHead(head, bytes, 0, bytes.length, exchangeHeadLimits));
  if (fault !== undefined) return fault;
  if (!head.upgrade) head.upgrade = head.minorVersion === 1 && hasUpgrade(head);
  return undefined;
}

/** The same for an interim or final answer's head. `Upgrade` belongs into a 101, and nowhere else. */
export function scanExchangeAnswer(head: Head, bytes: Uint8Array): string | undefined {
  const fault = faultOf(head, bytes, scanResponseHead(head, bytes, 0, bytes.length, withoutMetadata));
  if (fault !== undefined) return fault;
  head.upgrade = hasUpgrade(head);
  if (head.upgrade !== (head.status === 101)) return 'an Upgrade field out of place, or a 101 without one';
  return undefined;
}

/** The same for a trailer section: field lines and the empty line. Framing cannot be changed after the fact (RFC 9110, section 6.5.1). */
export function scanExchangeTrailers(head: Head, bytes: Uint8Array): string | undefined {
  const fault = faultOf(head, bytes, scanTrailers(head, bytes, 0, bytes.length, withoutMetadata));
  if (fault !== undefined) return fault;
  for (let i = 0; i < head.count; i++) {
    const id = head.ids[i]!;
    const frames = id === Field.ContentLength || id === Field.UnderscoreContentLength;
    if (frames || id === Field.UnderscoreTransferEncoding || id === Field.Upgrade)
      return 'a framing field among the trailers';
  }
  return undefined;
}

/** Framing belongs to the mux alone: fields that speak of it are faults here. */
function faultOf(head: Head, bytes: Uint8Array, result: string): string | undefined {
  if (result === 'incomplete') return 'the head does not end';
  if (result !== 'complete') return head.detail;
  if (head.start !== 0) return 'empty lines before the head';
  if (head.end !== bytes.length) return 'bytes after the head';
  for (let i = 0; i < head.count; i++) {
    const id = head.ids[i]!;
    if (id === Field.TransferEncoding || id === Field.Connection || id === Field.KeepAlive) {
      return 'a framing field inside a session';
    }
  }
  return undefined;
}

function hasUpgrade(head: Head): boolean {
  for (let i = 0; i < head.count; i++) if (head.ids[i] === Field.Upgrade) return true;
  return false;
}
