export { isRefusal, type Reason, type ReasonEntry, reasonOfReset, reasons, resetCodeOf } from './reason.js';
export { type ErrorCode, ReverseHttpError, type ReverseHttpErrorOptions } from './reverse-http-error.js';
export { isSessionCode, type SessionCode, type SessionCodeEntry, sessionCodes } from './session-code.js';
