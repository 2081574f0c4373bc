import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWebRuntime } from '../src/runtime.js';

afterEach(() => vi.unstubAllGlobals());

describe('a runtime known by its globals', () => {
  it('gives unguessable hex of the length asked for', () => {
    const { randomHex } = createWebRuntime();
    expect(randomHex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(randomHex(16)).not.toBe(randomHex(16));
    expect(randomHex(1)).toHaveLength(2);
  });

  it.each([
    [{ Deno: { version: { deno: '2.5.0' } }, process: { versions: { node: '24.0.0' } } }, ' deno/2.5.0'],
    [{ process: { versions: { bun: '1.3.0', node: '24.0.0' } } }, ' bun/1.3.0'],
    [{ process: { versions: { node: '20.19.0' } } }, ' node/20.19.0'],
    [{ process: undefined }, ''],
  ])('names itself: %j', (globals, name) => {
    for (const [key, value] of Object.entries(globals)) vi.stubGlobal(key, value);
    const { agent } = createWebRuntime();
    vi.unstubAllGlobals();
    expect(agent).toBe(`reverse-http-connector/0.1.0${name}`);
  });

  it('keeps no process alive by its timers, where that can be said', () => {
    const unref = vi.fn();
    vi.stubGlobal('setTimeout', () => ({ unref }));
    createWebRuntime().clock.setTimer(() => {}, 1);
    expect(unref).toHaveBeenCalledTimes(1);
    vi.stubGlobal('setTimeout', () => 5);
    expect(() => createWebRuntime().clock.setTimer(() => {}, 1)).not.toThrow();
  });

  it('puts off to the end of the turn', async () => {
    const order: string[] = [];
    const { defer } = createWebRuntime();
    await new Promise<void>((resolve) => {
      defer(() => order.push('deferred'));
      queueMicrotask(() => order.push('microtask'));
      defer(resolve);
    });
    expect(order).toEqual(['microtask', 'deferred']);
  });

  it('puts off by one message for all, where there is no setImmediate', () => {
    let messages = 0;
    const port1: { onmessage?: () => void } = {};
    class Channel {
      readonly port1 = port1;
      readonly port2 = { postMessage: () => void messages++ };
    }
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', Channel);
    const { defer } = createWebRuntime();
    const order: string[] = [];
    defer(() => {
      order.push('first');
      defer(() => order.push('third'));
    });
    defer(() => order.push('second'));
    expect([messages, order]).toEqual([1, []]);
    port1.onmessage?.();
    expect([messages, order]).toEqual([2, ['first', 'second']]);
    port1.onmessage?.();
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('puts off by a timer where there is nothing else', () => {
    const timers: (() => void)[] = [];
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', undefined);
    vi.stubGlobal('setTimeout', (fn: () => void) => timers.push(fn));
    const run = vi.fn();
    createWebRuntime().defer(run);
    expect(run).not.toHaveBeenCalled();
    timers[0]?.();
    expect(run).toHaveBeenCalledTimes(1);
  });
});
