import { BenchError } from '../bench-error.js';
import { crowdSize, startConnectors, startVisitors } from '../crowd.js';
import type { Measure, Row } from '../row.js';
import type { NodeChild, Stage } from '../stage.js';
import { connectApp, startGateway } from '../subjects.js';

/** What the gateway's process needs for what does nothing: opened once, everything in a gateway of its own, and looked at in every round. */
export const idleMemoryRow: Row = {
  name: 'idle-memory',
  title: 'Memory of the gateway for what is idle, 10,000 of each kind',
  subjects: ['websocket', 'polling', 'visitor', 'known target'],
  comparisons: [
    { figure: 'KiB each', subject: 'websocket' },
    { figure: 'KiB each', subject: 'polling' },
    { figure: 'KiB each', subject: 'visitor' },
    { figure: 'KiB held each', subject: 'known target' },
  ],
  warmUp: false,
  start: async (stage) => ({
    websocket: await beside(stage, (front) => startConnectors(stage, front)),
    polling: await beside(stage, (front) => startConnectors(stage, front, 'poll')),
    visitor: await beside(stage, (front) => startVisitors(stage, new URL(front.fact('url')))),
    // Once it was connected, a target is known for a while.
    'known target': await beside(stage, async (front) => (await startConnectors(stage, front)).ask('leave')),
  }),
};

async function beside(stage: Stage, open: (front: NodeChild) => Promise<unknown>): Promise<Measure> {
  const front = await startGateway(stage);
  await connectApp(stage, front);
  const before = await memoryOf(front);
  await open(front);
  return async () => {
    const { rss, held } = await memoryOf(front);
    const each = (bytes: number): number => bytes / 1024 / crowdSize(stage);
    return { figures: { 'KiB each': each(rss - before.rss), 'KiB held each': each(held - before.held) }, errors: 0 };
  };
}

async function memoryOf(child: NodeChild): Promise<{ readonly rss: number; readonly held: number }> {
  const { rss, held } = await child.ask('memory');
  if (typeof rss !== 'number' || typeof held !== 'number') throw new BenchError('gateway did not say its memory');
  return { rss, held };
}
