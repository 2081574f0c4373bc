/**
 * Why a hello was refused or a session ended. Travels as text in `refuse` and `close` messages; append-only.
 */
export type SessionCode =
  | 'unauthorized'
  | 'bad-hello'
  | 'version'
  | 'bad-target'
  | 'not-addressable'
  | 'target-taken'
  | 'stale'
  | 'gone'
  | 'replaced'
  | 'standby'
  | 'revoked'
  | 'kicked'
  | 'draining'
  | 'overloaded'
  | 'protocol-error'
  | 'flow-control'
  | 'timeout'
  | 'closed'
  | 'aborted'
  | 'unreachable'
  | 'not-a-gateway';

/** What a session code means for the side that receives it. */
export interface SessionCodeEntry {
  /** Whether trying again, unchanged, can help. */
  readonly retryable: boolean;
  /** One sentence for people. */
  readonly message: string;
}

/** The one table of session codes. */
export const sessionCodes: Readonly<Record<SessionCode, SessionCodeEntry>> = {
  unauthorized: { retryable: false, message: 'The gateway refused the token.' },
  'bad-hello': { retryable: false, message: 'The gateway could not read the hello.' },
  version: { retryable: false, message: 'Gateway and connector share no protocol version.' },
  'bad-target': { retryable: false, message: 'The target id is not valid.' },
  'not-addressable': { retryable: false, message: 'No route of the gateway can reach this target id.' },
  'target-taken': { retryable: true, message: 'Another connector serves this target exclusively.' },
  stale: { retryable: true, message: 'A newer attachment of this session was already seen.' },
  gone: { retryable: true, message: 'The gateway no longer knows the session.' },
  replaced: { retryable: true, message: 'A newer start of the same replica took over.' },
  standby: { retryable: true, message: 'The successor of this replica is connected.' },
  revoked: { retryable: false, message: 'The token was revoked or has expired.' },
  kicked: { retryable: true, message: 'The operator disconnected this session.' },
  draining: { retryable: true, message: 'The gateway is shutting down.' },
  overloaded: { retryable: true, message: 'The gateway has no room for another session.' },
  'protocol-error': { retryable: true, message: 'The peer broke the protocol.' },
  'flow-control': { retryable: true, message: 'The peer sent more than it was granted.' },
  timeout: { retryable: true, message: 'The peer did not answer in time.' },
  closed: { retryable: true, message: 'The session was closed.' },
  aborted: { retryable: false, message: 'The connection was aborted.' },
  unreachable: { retryable: true, message: 'The gateway cannot be reached.' },
  'not-a-gateway': { retryable: true, message: 'The URL answers, but not as a Reverse HTTP gateway.' },
};

/** Whether a text from the wire is a code this version knows. */
export function isSessionCode(text: unknown): text is SessionCode {
  return typeof text === 'string' && Object.hasOwn(sessionCodes, text);
}
