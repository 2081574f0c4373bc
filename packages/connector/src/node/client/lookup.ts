import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Callback = Parameters<LookupFunction>[2];

/**
 * Looks names up as the system does, one look-up of a name at a time. Where name servers do not answer a look-up takes up to
 * a minute and cannot be given up; dials do not wait for it that long, and without this theirs would pile up in an outage.
 */
export function createLookup(resolve: LookupFunction = lookup as LookupFunction): LookupFunction {
  const pending = new Map<string, Callback[]>();
  return (name, options, callback) => {
    const { family = 0, hints = 0, all = false } = options;
    const key = `${name} ${family} ${hints} ${all}`;
    const waiting = pending.get(key);
    if (waiting) return void waiting.push(callback);
    const callbacks = [callback];
    pending.set(key, callbacks);
    resolve(name, options, (...answer) => {
      pending.delete(key);
      for (const each of callbacks) each(...answer);
    });
  };
}
