// Worker thread: says when each request is due. A timer of Node's comes a millisecond late or more; a thread that does nothing else
// is woken within a tenth of that, and needs no core for it.

import { parentPort, workerData } from 'node:worker_threads';
import { nowMs } from './now-ms.js';

const { perSecond, count } = workerData as { readonly perSecond: number; readonly count: number };
const never = new Int32Array(new SharedArrayBuffer(4));
const beganAt = nowMs() + 50;
for (let number = 0; number < count; number++) {
  const dueAt = beganAt + (number * 1000) / perSecond;
  const leftMs = dueAt - nowMs();
  if (leftMs > 0) Atomics.wait(never, 0, 0, leftMs);
  parentPort?.postMessage(dueAt);
}
