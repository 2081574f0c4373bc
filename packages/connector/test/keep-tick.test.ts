import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import type { StreamAcceptor } from '../src/link/stream-acceptor.js';
import { keepTick } from '../src/node/handler/keep-tick.js';
import { createServerAcceptor } from '../src/node/handler/server.js';
import { collectGarbage } from './harness/collect-garbage.js';

/** Calls `run` and gives weak references to the ticks that it asked for. */
function ticksOf(run: () => void): WeakRef<object>[] {
  const ticks: WeakRef<object>[] = [];
  const init = (_id: number, type: string, _trigger: number, resource: object): void => {
    if (type === 'TickObject') ticks.push(new WeakRef(resource));
  };
  const hook = createHook({ init }).enable();
  run();
  hook.disable();
  return ticks;
}

const alive = (ticks: WeakRef<object>[]): number => ticks.filter((tick) => tick.deref() !== undefined).length;

it('keeps one tick alive while a server is connected', async () => {
  let acceptor: StreamAcceptor | undefined;
  const kept = ticksOf(() => {
    acceptor = createServerAcceptor(createServer(), () => {});
  });
  const passing = ticksOf(() => process.nextTick(() => {}));
  for (let i = 0; i < 4; i++) await collectGarbage();
  expect(alive(passing)).toBe(0);
  expect(alive(kept)).toBe(1);
  expect(acceptor?.active).toBe(0);
});

it('keeps nothing of the context that it was made in', async () => {
  const storage = new AsyncLocalStorage<object>();
  const stores: WeakRef<object>[] = [];
  const keepIn = (store: object): object => {
    stores.push(new WeakRef(store));
    return storage.run(store, keepTick);
  };
  const kept = keepIn({});
  for (let i = 0; i < 4; i++) await collectGarbage();
  expect(alive(stores)).toBe(0);
  expect(Object.keys(kept)).toEqual(['tick']);
});
