import { type AdminListener, createAdminListener } from './admin-listener.js';
import type { AdminOptions } from './admin-options.js';
import type { AdminOperations } from './operations.js';

/** An admin listener that runs. */
export interface StartedAdmin extends Pick<AdminListener, 'close' | 'token' | 'unref'> {
  readonly url: string;
}

/**
 * Starts what the gateway's option `admin` asks for; undefined for `off` and for nothing.
 *
 * @throws ReverseHttpError `bad-option`; Node's own error when it cannot listen
 */
export async function startAdmin(
  options: AdminOptions | 'off' | undefined,
  operations: AdminOperations,
  onError: (error: unknown) => void,
): Promise<StartedAdmin | undefined> {
  if (options === undefined || options === 'off') return undefined;
  const listener = createAdminListener({ ...options, operations, onError });
  const { close, token, unref } = listener;
  return { url: await listener.listen(), close, token, unref };
}
