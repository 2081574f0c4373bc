import type { ErrorCode, ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ResolvedConnectOptions } from '../connect-options.js';

/**
 * One line for each new trouble, not one for each attempt: transports and gateways that are tried in turn fail with
 * texts of their own, so a trouble is known by its code.
 */
export class TroubleReport {
  readonly #options: ResolvedConnectOptions<never>;
  readonly #reported = new Set<ErrorCode>();

  constructor(options: ResolvedConnectOptions<never>) {
    this.#options = options;
  }

  /** Tells the user, unless the same was told since all was well. */
  tell(error: ReverseHttpError): void {
    if (this.#reported.has(error.code)) return;
    this.#reported.add(error.code);
    const { logger, onError } = this.#options;
    logger.warn(`Not connected: ${error.code}: ${error.message}`);
    try {
      onError?.(error, undefined);
    } catch (thrown) {
      logger.error(`onError threw: ${String(thrown)}`);
    }
  }

  /** All is well: whatever comes now is news. */
  clear(): void {
    this.#reported.clear();
  }
}
