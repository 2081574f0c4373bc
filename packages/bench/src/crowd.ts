import type { NodeChild, Stage } from './stage.js';
import { deviceId } from './subjects/device-id.js';
import { connectApp, dialling, type StartSubject, startGateway, VISITED_PATH } from './subjects.js';

/** As many as there are of what is idle; with `--quick` a tenth of it. */
export function crowdSize({ quick }: Stage): number {
  return quick ? 1_000 : 10_000;
}

/** Opens idle connectors, each with a target of its own, in one process. */
export function startConnectors(
  stage: Stage,
  front: NodeChild,
  transport: 'websocket' | 'poll' = 'websocket',
): Promise<NodeChild> {
  const env = { ...dialling(front), BENCH_TRANSPORT: transport, BENCH_COUNT: String(crowdSize(stage)) };
  return stage.startNode('connectors', 'crowd', { env });
}

/** Opens idle visitors of a subject, in one process. */
export function startVisitors(stage: Stage, origin: URL): Promise<NodeChild> {
  const env = { BENCH_URL: new URL(VISITED_PATH, origin).href, BENCH_COUNT: String(crowdSize(stage)) };
  return stage.startNode('idle visitors', 'idle-visitors', { env });
}

/** The subject with a crowd of idle visitors. */
export function withIdleVisitors(start: StartSubject): StartSubject {
  return async (stage) => {
    const subject = await start(stage);
    await startVisitors(stage, subject.origin);
    return subject;
  };
}

/** A gateway with a crowd of targets that nobody asks, and one that is asked. */
export const withIdleTargets: StartSubject = async (stage) => {
  const front = await startGateway(stage);
  await startConnectors(stage, front);
  const app = await connectApp(stage, front);
  return {
    origin: new URL(front.fact('url')),
    processes: () => ({ gateway: [front.pid], 'connector + app': [app.pid] }),
  };
};

/** A gateway with a crowd of targets that are asked in turn. */
export const askingAllTargets: StartSubject = async (stage) => {
  const front = await startGateway(stage);
  const crowd = await startConnectors(stage, front);
  return {
    origin: new URL(front.fact('url')),
    paths: Array.from({ length: crowdSize(stage) }, (_, index) => `/gw/${deviceId(index)}/`),
    processes: () => ({ gateway: [front.pid], 'connector + app': [crowd.pid] }),
  };
};
