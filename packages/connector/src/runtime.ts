import { Slab } from '@reverse-http/protocol/pipe';
import type { Clock } from '@reverse-http/protocol/session';
import type { Runtime } from './link/runtime.js';

/** What some runtimes have beside the web's own globals. */
interface Surroundings {
  readonly setImmediate?: (fn: () => void) => unknown;
  readonly process?: { readonly versions?: Readonly<Record<string, string | undefined>> };
  readonly Deno?: { readonly version?: { readonly deno?: string } };
}

/** Timers keep no process alive where that can be said: what a connection needs for that, `connect()` holds. */
const clock: Clock = {
  now: () => performance.now(),
  setTimer(fn, ms) {
    const timer: unknown = setTimeout(fn, ms);
    (timer as { unref?: () => void }).unref?.();
    return { cancel: () => clearTimeout(timer as number) };
  },
};

/** A machine known by nothing but the globals that browsers, Deno, Bun and Node share. */
export function createWebRuntime(): Runtime {
  return {
    clock,
    epochMs: () => Date.now(),
    random: () => Math.random(),
    randomHex,
    defer: createDefer(),
    slab: new Slab(),
    agent: `reverse-http-connector/0.1.0${runtimeName(globalThis as Surroundings)}`,
  };
}

function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** After the events at hand: at the end of the turn where there is such a thing, else by a message to ourselves. */
function createDefer(): Runtime['defer'] {
  const { setImmediate } = globalThis as Surroundings;
  if (setImmediate) return (fn) => void setImmediate(fn);
  // A timer of 0 ms becomes one of 4 ms after some, and of a second in a hidden tab.
  if (typeof MessageChannel === 'function') return createMessageDefer();
  return (fn) => void setTimeout(fn, 0);
}

function createMessageDefer(): Runtime['defer'] {
  const { port1, port2 } = new MessageChannel();
  let waiting: (() => void)[] = [];
  port1.onmessage = () => {
    const all = waiting;
    waiting = [];
    for (const fn of all) fn();
  };
  return (fn) => {
    if (waiting.push(fn) === 1) port2.postMessage(0);
  };
}

function runtimeName({ Deno, process }: Surroundings): string {
  if (Deno?.version?.deno) return ` deno/${Deno.version.deno}`;
  if (process?.versions?.bun) return ` bun/${process.versions.bun}`;
  return process?.versions?.node ? ` node/${process.versions.node}` : '';
}
