import { defaultHeadLimits, Head, latin1Bytes, scanRequestHead } from '@reverse-http/protocol/http1';

/** A request's head; throws where it is not a good one. */
export function scanRequest(text: string): Head {
  const head = new Head();
  const bytes = latin1Bytes(`${text}\r\n\r\n`);
  const result = scanRequestHead(head, bytes, 0, bytes.length, defaultHeadLimits);
  if (result !== 'complete') throw new Error(`${result}: ${head.detail}`);
  return head;
}
