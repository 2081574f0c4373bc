import type { Credentials } from '../credentials/credentials.js';
import { type Authenticate, authenticateByTokens } from '../credentials/grant.js';
import { isPlainObject } from './reader.js';

/**
 * What decides about hellos, for the option `auth`.
 *
 * @throws ReverseHttpError or TypeError which says what is wrong.
 */
export function credentialsOf(value: unknown): Credentials {
  if (value === 'none') return { authenticate: () => ({ id: 'none' }) };
  if (typeof value === 'function') return { authenticate: value as Authenticate };
  if (isPlainObject(value)) {
    if (typeof value.authenticate === 'function') return value as unknown as Credentials;
    if (Array.isArray(value.tokens)) return { authenticate: authenticateByTokens(value.tokens) };
  }
  throw new TypeError("give { tokens: [...] }, a function, a token store, or 'none' to let everybody in");
}
