import type { Measure } from '../row.js';
import type { Stage } from '../stage.js';
import type { RunningSubject, StartSubject } from '../subjects.js';

/** Starts all subjects of a row, and makes of each how it is measured. */
export async function startSubjects(
  stage: Stage,
  subjects: Readonly<Record<string, StartSubject>>,
  measureOf: (running: RunningSubject, name: string) => Measure | Promise<Measure>,
): Promise<Record<string, Measure>> {
  const started = Object.entries(subjects).map(async ([name, start]) => {
    return [name, await measureOf(await start(stage), name)] as const;
  });
  return Object.fromEntries(await Promise.all(started));
}
