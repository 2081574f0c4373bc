// Child process: the gateway with its defaults, but that it lets any number dial in at once.

import { createGateway } from '@reverse-http/gateway';
import { reportReady } from './report-ready.js';

const limits = { hellosPerSecond: 'off', sessionsPerToken: 'off' } as const;
const gateway = createGateway({ listeners: [{ port: 0 }], limits });
await gateway.start();
reportReady({ url: gateway.url ?? '', token: gateway.token ?? '' }, { memory });

/** After a garbage collection, in bytes: all of the process, and what JavaScript holds. */
function memory(): Record<'rss' | 'held', number> {
  globalThis.gc?.();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, held: heapUsed + external };
}
