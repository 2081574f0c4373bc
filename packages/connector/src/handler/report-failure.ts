import type { ResolvedConnectOptions } from '../connect-options.js';

/** The part of a request that a line for people names. */
export interface NamedRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** Tells the user of a failed handler: by `onError`, else by the logger. */
export function createFailureReport<Request extends NamedRequest>(
  options: ResolvedConnectOptions<Request>,
): (error: unknown, request: Request | undefined) => void {
  const { onError, logger } = options;
  return (error, request) => {
    if (!onError) return logger.error(`Handler failed (${describe(request)}): ${text(error)}`);
    try {
      onError(error, request);
    } catch (thrown) {
      logger.error(`onError threw: ${text(thrown)}`);
    }
  };
}

function describe(request: NamedRequest | undefined): string {
  return request ? `${request.method} ${request.url}` : 'no request';
}

function text(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
