// Loaded before a subject (`--import`): SIGUSR2 begins to sample what is allocated, the next one writes it to a file.

import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const EVERY_BYTES = 8192;

const session = new Session();
session.connect();
let sampling = false;
process.on('SIGUSR2', () => {
  if (sampling) session.post('HeapProfiler.stopSampling', write);
  else session.post('HeapProfiler.startSampling', everything());
  sampling = !sampling;
});

/** What is collected again is what counts here. */
function everything(): object {
  return {
    samplingInterval: EVERY_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  };
}

function write(error: Error | null, result: object): void {
  writeFileSync(`${process.env.BENCH_ALLOCATIONS}-${process.pid}`, error === null ? JSON.stringify(result) : '{}');
}
