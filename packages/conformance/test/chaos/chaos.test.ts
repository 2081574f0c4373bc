import { afterAll, describe, expect, test } from 'vitest';
import { killAll } from '../support/processes.js';
import { runChaos } from './run-chaos.js';

const places = [
  ['websocket', 'server'],
  ['poll', 'server'],
  ['websocket', 'url'],
] as const;

// `npm run chaos` does the same for longer.
describe('a link that fails again and again', () => {
  afterAll(killAll);

  test.concurrent.each(places)(
    'by %s, to a %s: nothing is lost, doubled or corrupted',
    { timeout: 90_000 },
    async (transport, handler) => {
      // The machine may be busy: whether a link is back within the 5 s of the default is for `npm run chaos` to see.
      const patience = { delayMs: 0, holdMs: 15_000 };
      const options = { transport, handler, requests: 240, seed: 58, visitors: 24, requestsPerFault: 7, ...patience };
      const { failures, faults, lost, doubled, corrupted } = await runChaos(options);
      expect(failures).toEqual([]);
      expect([lost, doubled, corrupted]).toEqual([0, 0, 0]);
      // Each of them met an exchange in flight.
      expect(faults).toBeGreaterThan(10);
    },
  );
});
