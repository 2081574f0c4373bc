import {
  defaultHeadLimits,
  Head,
  type HeadLimits,
  latin1,
  latin1Bytes,
  type ScanResult,
  scanRequestHead,
  scanResponseHead,
} from '../../src/http1/index.js';

export interface Scanned {
  readonly result: ScanResult;
  readonly head: Head;
}

type Scan = typeof scanRequestHead;

/** Scans `text`, one byte a character, amid other bytes: a scan must neither begin nor look outside of its range. */
export function scanText(scan: Scan, text: string, limits: HeadLimits = defaultHeadLimits): Scanned {
  const bytes = latin1Bytes(`\r\nGET \r\n${text}\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`);
  const head = new Head();
  const start = 8;
  return { result: scan(head, bytes, start, start + text.length, limits), head };
}

export function scanRequest(text: string, limits?: HeadLimits): Scanned {
  return scanText(scanRequestHead, text, limits);
}

export function scanResponse(text: string, limits?: HeadLimits): Scanned {
  return scanText(scanResponseHead, text, limits);
}

/** The fields of a head as text, as they stand in it. */
export function fieldsOf(head: Head): [string, string][] {
  return Array.from({ length: head.count }, (_, i) => {
    const at = (n: number): number => head.positions[i * 4 + n]!;
    return [latin1(head.bytes, at(0), at(1)), latin1(head.bytes, at(2), at(3))];
  });
}
