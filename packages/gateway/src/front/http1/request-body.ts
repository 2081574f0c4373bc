import type { Reason } from '@reverse-http/protocol/errors';
import { asksTunnel, Field, findField, type Head, valueHasToken } from '@reverse-http/protocol/http1';
import type { ByteSource } from '@reverse-http/protocol/mux';
import { ChunkedBody } from './chunked-body.js';
import { LengthBody } from './length-body.js';
import type { RequestBytes } from './request-bytes.js';
import { UpgradedBytes } from './upgraded-bytes.js';

/** Whether bytes that belong to a request may follow its head. */
export function mayHaveBody(head: Head): boolean {
  return head.chunked || head.contentLength > 0 || head.upgrade;
}

/** What follows a head, by its framing (RFC 9112, section 6.3); undefined when nothing does. */
export function requestBodyOf(
  head: Head,
  bytes: RequestBytes,
  onFault: (reason: Reason, detail: string) => void,
): ByteSource | undefined {
  if (head.chunked) return new ChunkedBody(bytes, onFault);
  if (head.contentLength > 0) return new LengthBody(bytes, head.contentLength);
  // HTTP/2 is not spoken here, and an upgrade with a body is not granted: ordinary requests (RFC 9110, section 7.8).
  const upgrade = head.upgrade && (asksTunnel(head) || !valueHasToken(head, findField(head, Field.Upgrade), 'h2c'));
  return upgrade ? new UpgradedBytes(bytes) : undefined;
}
