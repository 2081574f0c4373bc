import { executionAsyncResource } from 'node:async_hooks';

/**
 * Keeps `process.nextTick()` fast for as long as what it returns is held. Each tick is an object literal with computed keys. V8 compiles
 * such a literal for the hidden classes that it saw first, and for none after those: when three full collections find no tick
 * alive, as in a process that idles, the classes are gone, and every tick of the process costs five times as much from then on. One tick
 * that stays keeps them; the context that it was made in, which it holds as well (`AsyncLocalStorage`), is taken from it.
 */
export function keepTick(): object {
  const kept: { tick?: object } = {};
  process.nextTick(() => {
    kept.tick = withoutContext(executionAsyncResource());
  });
  return kept;
}

/** Under symbols a tick has two numbers, and what its context is kept by. Nobody asks a tick that has run for that. */
function withoutContext(tick: object): object {
  const values = tick as Record<symbol, unknown>;
  for (const key of Object.getOwnPropertySymbols(tick)) if (typeof values[key] !== 'number') values[key] = undefined;
  return tick;
}
