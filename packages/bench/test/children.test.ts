import { afterEach, expect, it } from 'vitest';
import type { BenchError } from '../src/bench-error.js';
import { type Child, createChildren } from '../src/process/children.js';

const children = createChildren();
afterEach(() => children.close());

it('reads the first line and ends the process without calling that a death', async () => {
  const { child, death } = await startNode('console.log(JSON.stringify({ url: "u" })); process.stdin.resume()');
  expect(await child.nextLine(death.signal)).toEqual({ url: 'u' });
  await child.close();
  expect(isRunning(child.pid)).toBe(false);
  expect(death.signal.aborted).toBe(false);
});

it('hears the answer to what it says', async () => {
  const { child, death } = await startNode(
    'process.stdin.on("data", (text) => console.log(JSON.stringify({ heard: String(text) }))).resume()',
  );
  child.say('memory');
  expect(await child.nextLine(death.signal)).toEqual({ heard: 'memory\n' });
});

it('says in one line why a process died before it was ready', async () => {
  const { child, death } = await startNode('throw new RangeError("no such port")');
  await expect(child.nextLine(death.signal)).rejects.toThrow('subject died (exit code 1): RangeError: no such port');
});

it('refuses a first line that is not JSON', async () => {
  const { child, death } = await startNode('console.log("ready"); process.stdin.resume()');
  await expect(child.nextLine(death.signal)).rejects.toThrow('subject printed something else than JSON: ready');
});

it('names a program that cannot be started', async () => {
  const start = children.start({ name: 'subject', command: '/nonexistent/program', args: [], onDeath: () => {} });
  await expect(start).rejects.toThrow('subject: cannot start /nonexistent/program');
});

async function startNode(source: string): Promise<{ child: Child; death: AbortController }> {
  const death = new AbortController();
  const onDeath = (error: BenchError): void => death.abort(error);
  const child = await children.start({ name: 'subject', command: process.execPath, args: ['-e', source], onDeath });
  return { child, death };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
