import type { Reason } from './reason.js';
import { type SessionCode, sessionCodes } from './session-code.js';

/** Every code a {@link ReverseHttpError} can carry: compare this, never the message. */
export type ErrorCode = SessionCode | Reason | 'bad-option';

/** Extras of a {@link ReverseHttpError}. */
export interface ReverseHttpErrorOptions {
  /** What led to it. */
  readonly cause?: unknown;
  /** Whether trying again, unchanged, can help. Default: what the table of session codes says, else false. */
  readonly retryable?: boolean;
}

/** The one error class of the house. */
export class ReverseHttpError extends Error {
  override readonly name = 'ReverseHttpError';
  /** Stable, machine-readable. */
  readonly code: ErrorCode;
  /** Whether trying again, unchanged, can help. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: ReverseHttpErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    const entry = (sessionCodes as Partial<Record<string, { retryable: boolean }>>)[code];
    this.retryable = options.retryable ?? entry?.retryable ?? false;
  }
}
