import { type Head, methodOf } from '@reverse-http/protocol/http1';

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Whether a request may be sent twice and have the effect of one (RFC 9110, section 9.2.2). */
export function isIdempotent(head: Head): boolean {
  return idempotent.has(methodOf(head));
}
