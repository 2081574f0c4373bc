import { nodeClock } from '../node-clock.js';
import { type Origin, parseOrigin } from './origin-address.js';
import { createOriginDialler } from './origin-dialler.js';
import { type OriginOptions, type OriginState, resolveOriginOptions } from './origin-options.js';
import { refusalOf } from './origin-watch.js';

/**
 * Whether an origin takes connections now: connects (with TLS where it is `https:`), sends nothing, and hangs up. For a hint
 * at the start; `connect()` does not need it. Never rejects because of the origin.
 *
 * @throws ReverseHttpError `bad-option` for what is no origin.
 * @example
 * const found = await probeOrigin(3000);
 * if (found.state === 'refused') console.error(found.message);
 */
export async function probeOrigin(origin: Origin, options: OriginOptions = {}): Promise<OriginState> {
  const address = parseOrigin(origin);
  const dialler = createOriginDialler(address, resolveOriginOptions(options), nodeClock);
  return new Promise((resolve) => {
    dialler.dial(
      { now: () => nodeClock.now(), onClosed() {} },
      {
        onConnected(connection) {
          connection.destroy();
          resolve({ state: 'reachable' });
        },
        onFailed: (error) => resolve(refusalOf(address, error)),
      },
    );
  });
}
