import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ConnectOptions } from '../connect-options.js';

/** What comes of asking: one of the two, once. */
export interface TokenHandler {
  onToken(token: string | undefined): void;
  onFailed(error: ReverseHttpError): void;
}

/** Asks for the token, which may take a while where it is a function. The result gives up: nothing is called any more. */
export function askToken(token: ConnectOptions<never>['token'], handler: TokenHandler): () => void {
  if (typeof token !== 'function') {
    handler.onToken(token);
    return () => {};
  }
  let over = false;
  new Promise<string | undefined>((resolve) => resolve(token())).then(
    (text) => {
      if (!over) handler.onToken(text);
    },
    (cause: unknown) => {
      const error = new ReverseHttpError('unauthorized', 'the token could not be read', { cause, retryable: true });
      if (!over) handler.onFailed(error);
    },
  );
  return () => {
    over = true;
  };
}
