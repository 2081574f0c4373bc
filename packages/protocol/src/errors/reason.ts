/**
 * Why the gateway itself answered a visitor, or ended an exchange. Append-only within a major version.
 */
export type Reason =
  | 'bad-request'
  | 'visitor-refused'
  | 'no-route'
  | 'unknown-target'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'body-too-large'
  | 'target-too-long'
  | 'expectation-failed'
  | 'wrong-host'
  | 'rate-limited'
  | 'head-too-large'
  | 'handler-failed'
  | 'not-implemented'
  | 'connector-lost'
  | 'bad-answer'
  | 'origin-refused'
  | 'upgrade-failed'
  | 'no-connector'
  | 'hold-full'
  | 'draining'
  | 'overloaded'
  | 'first-byte-timeout'
  | 'idle-timeout'
  | 'version-not-supported'
  | 'loop'
  | 'visitor-gone';

/** What a reason becomes: on the wire between gateway and connector, and in the answer to a visitor. */
export interface ReasonEntry {
  /** HTTP status of the answer. */
  readonly status: number;
  /** Title of the problem document (RFC 9457). */
  readonly title: string;
  /** Error type for `Proxy-Status` (RFC 9209, section 2.3). */
  readonly proxyError: string;
  /** Code of a reset frame, where a connector may give this reason. */
  readonly resetCode?: number;
  /** Seconds for `Retry-After`, where trying again makes sense. */
  readonly retryAfter?: number;
}

/** The one table of reasons: wire code, name and HTTP answer side by side. */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = {
  'bad-request': { status: 400, title: 'Bad request', proxyError: 'http_request_error', resetCode: 10 },
  'visitor-refused': { status: 403, title: 'Visitor refused', proxyError: 'http_request_denied' },
  'no-route': { status: 404, title: 'No route', proxyError: 'destination_not_found' },
  'unknown-target': { status: 404, title: 'Unknown target', proxyError: 'destination_not_found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed', proxyError: 'http_request_denied' },
  'request-timeout': { status: 408, title: 'Request timeout', proxyError: 'http_request_error' },
  'body-too-large': { status: 413, title: 'Body too large', proxyError: 'http_request_error', resetCode: 11 },
  'target-too-long': { status: 414, title: 'Target too long', proxyError: 'http_request_error' },
  'expectation-failed': { status: 417, title: 'Expectation failed', proxyError: 'http_request_error' },
  'wrong-host': { status: 421, title: 'Wrong host', proxyError: 'http_request_denied' },
  'rate-limited': { status: 429, title: 'Rate limited', proxyError: 'http_request_denied', retryAfter: 1 },
  'head-too-large': { status: 431, title: 'Head too large', proxyError: 'http_request_error' },
  'handler-failed': { status: 500, title: 'Handler failed', proxyError: 'proxy_internal_response', resetCode: 3 },
  'not-implemented': { status: 501, title: 'Not implemented', proxyError: 'http_request_error' },
  'connector-lost': { status: 502, title: 'Connector lost', proxyError: 'connection_terminated', resetCode: 2 },
  'bad-answer': { status: 502, title: 'Bad answer', proxyError: 'http_protocol_error', resetCode: 4 },
  'origin-refused': { status: 502, title: 'Origin refused', proxyError: 'connection_refused', resetCode: 5 },
  'upgrade-failed': { status: 502, title: 'Upgrade failed', proxyError: 'http_upgrade_failed', resetCode: 6 },
  'no-connector': { status: 503, title: 'No connector', proxyError: 'destination_unavailable', retryAfter: 5 },
  'hold-full': { status: 503, title: 'Too many waiting', proxyError: 'connection_limit_reached', retryAfter: 5 },
  draining: { status: 503, title: 'Draining', proxyError: 'destination_unavailable', resetCode: 7, retryAfter: 5 },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    proxyError: 'connection_limit_reached',
    resetCode: 1,
    retryAfter: 1,
  },
  'first-byte-timeout': { status: 504, title: 'First byte timeout', proxyError: 'http_response_timeout' },
  'idle-timeout': { status: 504, title: 'Idle timeout', proxyError: 'connection_timeout', resetCode: 8 },
  'version-not-supported': { status: 505, title: 'Version not supported', proxyError: 'http_request_error' },
  loop: { status: 508, title: 'Loop', proxyError: 'proxy_loop_detected' },
  'visitor-gone': { status: 499, title: 'Visitor gone', proxyError: 'http_request_error', resetCode: 0 },
};

const byResetCode = new Map<number, Reason>();
for (const [reason, entry] of Object.entries(reasons) as [Reason, ReasonEntry][]) {
  if (entry.resetCode !== undefined) byResetCode.set(entry.resetCode, reason);
}

/** The reason that a reset frame's code stands for; an unknown code (a newer peer's) reads as `bad-answer`. */
export function reasonOfReset(code: number): Reason {
  return byResetCode.get(code) ?? 'bad-answer';
}

/** The code that tells a reason in a reset frame; reasons that never travel read as `connector-lost`'s. */
export function resetCodeOf(reason: Reason): number {
  return reasons[reason].resetCode ?? 2;
}

/** Resets with these codes guarantee that the handler was not called (promise 2: such a request may go elsewhere). */
export function isRefusal(code: number): boolean {
  return code === 1 || code === 7;
}
