import type { StateDirectory } from '../state/state-directory.js';
import { createAdminClient } from './admin-client.js';
import { findAdmin } from './find-admin.js';

/** A gateway looks at its file twice a second; after this it does not have this file, ms. */
const patienceMs = 2000;
/** How often to ask, ms. */
const everyMs = 50;

/**
 * Waits until the gateway on this machine, where one runs, knows a token that was just made: whoever uses it at once must not
 * be refused. A gateway that has another file, or cannot be asked, is not waited for longer than two seconds.
 */
export async function waitForToken(id: string, state: StateDirectory): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const client = createAdminClient(findAdmin({}, state, { cwd: '/' }), signal);
    while (!signal.aborted) {
      const { tokens } = (await client.get('/api/v1/tokens')) as {
        readonly tokens: readonly { readonly id: string }[];
      };
      if (tokens.some((token) => token.id === id)) return;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  } catch {
    // No gateway runs here, or it is not ours to ask: the token is good all the same.
  }
}
