import { createServer } from 'node:net';
import { everyMs } from '../timing/timer-wheel.js';
import type { Machine } from './machine.js';
import { nodeClock } from './node-clock.js';

/** The machine as it is. */
export const nodeMachine: Machine = {
  clock: nodeClock,
  ticker: everyMs,
  epochMs: () => Date.now(),
  createServer: (options) => createServer(options),
};
