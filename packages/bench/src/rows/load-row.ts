import { BenchError } from '../bench-error.js';
import { probe, waitUntilAnswering } from '../load/probe.js';
import type { WriteRequest } from '../load/requests.js';
import { runWrk } from '../load/wrk.js';
import { cpuPerRequest } from '../process/cpu-per-request.js';
import type { Comparison, Effort, Measure, Measurement, Row } from '../row.js';
import type { Stage } from '../stage.js';
import { type RunningSubject, type StartSubject, VISITED_PATH } from '../subjects.js';
import { startSubjects } from './start-subjects.js';

/** Visitors that ask without pause. */
export interface LoadRow {
  readonly name: string;
  readonly title: string;
  readonly request: WriteRequest;
  /** What the server is asked for beyond its small answer; see `subjects/create-server.ts`. */
  readonly query?: string;
  /** Keep-alive connections, each with one request at a time. */
  readonly visitors: number;
  readonly subjects: Readonly<Record<string, StartSubject>>;
  readonly comparisons: readonly Comparison[];
}

/** Makes the row of it. */
export function loadRow({ name, title, subjects, comparisons, ...load }: LoadRow): Row {
  return {
    name,
    title,
    subjects: Object.keys(subjects),
    comparisons,
    start: (stage) => startSubjects(stage, subjects, (running, subject) => loaded(running, subject, load, stage)),
  };
}

async function loaded(
  { origin, paths = [VISITED_PATH], processes: running }: RunningSubject,
  name: string,
  { request, query = '', visitors }: Pick<LoadRow, 'request' | 'query' | 'visitors'>,
  stage: Stage,
): Promise<Measure> {
  const urls = paths.map((path) => new URL(`${path}${query}`, origin));
  const url = urls[0]!;
  const requests = urls.map(request);
  const asked = requests[0]!;
  await waitUntilAnswering(name, url, asked, stage.signal);
  // Only now has nginx surely started its worker.
  const processes = running();
  const folder = stage.folder(name);

  return async ({ seconds }: Effort): Promise<Measurement> => {
    const program = stage.programs.wrk;
    const { result, cpu } = await cpuPerRequest(processes, () =>
      runWrk({ program, url, requests, visitors, seconds, folder, signal: stage.signal }),
    );
    // wrk counts a status of 400 and above only, and does not look at bodies.
    const fault = await probe(url, asked);
    if (fault !== undefined) throw new BenchError(`${name} no longer answers rightly: ${fault}`);
    if (result.requests === 0) throw new BenchError(`${name} answered no request in ${seconds} s`);

    return {
      figures: {
        'requests/s': result.requests / result.seconds,
        'p50 ms': result.p50Us / 1000,
        'p99 ms': result.p99Us / 1000,
        ...cpu,
      },
      errors: Object.values(result.errors).reduce((sum, count) => sum + count, 0),
    };
  };
}
