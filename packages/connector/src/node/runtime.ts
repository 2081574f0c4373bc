import { randomBytes } from 'node:crypto';
import { Slab } from '@reverse-http/protocol/pipe';
import type { Runtime } from '../link/runtime.js';
import { nodeClock } from './node-clock.js';

const slabBytes = 256 * 1024;

/** The machine as it is. */
export function createNodeRuntime(): Runtime {
  return {
    clock: nodeClock,
    epochMs: () => Date.now(),
    random: () => Math.random(),
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    // The check phase follows the poll phase: everything that the sockets of one turn brought is answered in one message.
    defer: (fn) => void setImmediate(fn),
    slab: new Slab(slabBytes, (size) => Buffer.allocUnsafeSlow(size)),
    agent: `reverse-http-connector/0.1.0 node/${process.versions.node}`,
  };
}
