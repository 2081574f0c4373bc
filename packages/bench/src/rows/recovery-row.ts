import { setTimeout as pause } from 'node:timers/promises';
import { type Cut, type Middleman, startMiddleman } from '../link/start-middleman.js';
import { openDrip } from '../load/drip.js';
import { probe } from '../load/probe.js';
import { browserGet } from '../load/requests.js';
import type { Measure, Measurement, Row } from '../row.js';
import type { Stage } from '../stage.js';
import { gateway, VISITED_PATH } from '../subjects.js';

const cuts: Readonly<Record<Cut, string>> = { fin: 'FIN ms', rst: 'RST ms', silence: 'silence ms' };
const subjects = ['websocket', 'polling'];
/** How much has flowed before it is cut, ms. */
const flowingMs = 300;
/** What has not recovered by then has not recovered. */
const limitMs = 20_000;

/** How long a visitor's stream stands still when the connection between connector and gateway breaks in the middle. */
export const recoveryRow: Row = {
  name: 'recovery',
  title: 'A cut link: last byte before to first byte after, with a request waiting; "far" with a round trip of 100 ms',
  subjects,
  comparisons: subjects.flatMap((subject) =>
    ['', 'far '].flatMap((far) => Object.values(cuts).map((figure) => ({ figure: `${far}${figure}`, subject }))),
  ),
  warmUp: false,
  start: async (stage) => ({ websocket: await start(stage, 'websocket'), polling: await start(stage, 'poll') }),
};

async function start(stage: Stage, transport: 'websocket' | 'poll'): Promise<Measure> {
  const near = await startLink(stage, transport, 0);
  const far = await startLink(stage, transport, 100);
  return async () => {
    // Both do little but wait.
    const [nearby, distant] = await Promise.all([near(), far()]);
    const named = Object.entries(distant.figures).map(([name, value]) => [`far ${name}`, value] as const);
    return {
      figures: { ...nearby.figures, ...Object.fromEntries(named) },
      errors: nearby.errors + distant.errors,
    };
  };
}

async function startLink(
  stage: Stage,
  transport: 'websocket' | 'poll',
  roundTripMs: number,
): Promise<() => Promise<Measurement>> {
  let middleman: Middleman | undefined;
  const { origin } = await gateway(transport, async (_stage, behind) => {
    middleman = await startMiddleman(behind, { roundTripMs });
    stage.defer(() => middleman?.close());
    return middleman.url;
  })(stage);
  const url = new URL(VISITED_PATH, origin);

  return async () => {
    const figures: Record<string, number> = {};
    let errors = 0;
    for (const [how, name] of Object.entries(cuts) as [Cut, string][]) {
      const drip = await openDrip(url, stage.signal);
      await pause(flowingMs, undefined, { signal: stage.signal });
      let asked: Promise<string | undefined> | undefined;
      const gap = await drip.longestGap(() => {
        middleman?.cut(how);
        // Somebody who waits is who finds out.
        asked = probe(url, browserGet(url), limitMs);
      }, limitMs);
      drip.close();
      const fault = await asked;
      figures[name] = gap ?? limitMs;
      errors += drip.errors + (gap === undefined ? 1 : 0) + (fault === undefined ? 0 : 1);
    }
    return { figures, errors };
  };
}
