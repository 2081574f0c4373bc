import { childrenOf } from './process/cpu-time.js';
import type { NodeChild, Stage } from './stage.js';
import { startNginx } from './subjects/start-nginx.js';

const TARGET = 'A';

/** A subject that runs. */
export interface RunningSubject {
  /** Where its visitors ask. */
  readonly origin: URL;
  /** What they ask for, going round where there are several. Default {@link VISITED_PATH}. */
  readonly paths?: readonly string[];
  /** Its processes by the role they play; their CPU time is reported under that name. */
  processes(): Readonly<Record<string, readonly number[]>>;
}

/** Starts the processes of one thing that is measured. */
export type StartSubject = (stage: Stage) => Promise<RunningSubject>;

/** Stands in the way to the server at `origin`; gives the address to use instead. */
export type Hop = (stage: Stage, origin: string) => Promise<string>;

/** What visitors ask for, of every subject alike: the gateway routes by it, to the others it is just a path. */
export const VISITED_PATH: string = `/gw/${TARGET}/`;

const noHop: Hop = (_stage, origin) => Promise.resolve(origin);

/** 100 ms there and back, 200 Mbit/s each way, in a process of its own. */
export const farHop: Hop = async (stage, origin) => {
  const env = { BENCH_BEHIND: origin, BENCH_ROUND_TRIP_MS: '100', BENCH_MEGABITS: '200' };
  return (await stage.startNode('middleman', 'middleman', { env })).fact('url');
};

/** The server by itself. */
export function direct(hop: Hop = noHop): StartSubject {
  return async (stage) => {
    const app = await stage.startNode('app', 'app');
    return { origin: new URL(await hop(stage, app.fact('url'))), processes: () => ({ app: [app.pid] }) };
  };
}

/** nginx in front of the server. */
export const nginx: StartSubject = async (stage) => {
  const app = await stage.startNode('app behind nginx', 'app');
  const upstream = new URL(app.fact('url'));
  const program = stage.programs.nginx;
  const { url, child } = await startNginx({ program, folder: stage.folder('nginx'), upstream, start: stage.start });
  return { origin: url, processes: () => ({ nginx: [child.pid, ...childrenOf(child.pid)], app: [app.pid] }) };
};

/** The server behind a gateway; the hop stands between connector and gateway. */
export function gateway(transport: 'websocket' | 'poll' = 'websocket', hop: Hop = noHop): StartSubject {
  return async (stage) => {
    const front = await startGateway(stage);
    const app = await connectApp(stage, front, { transport, dialled: await hop(stage, front.fact('url')) });
    return {
      origin: new URL(front.fact('url')),
      processes: () => ({ gateway: [front.pid], 'connector + app': [app.pid] }),
    };
  };
}

/** The server listens, and a connector forwards to it. */
export const forwarding: StartSubject = async (stage) => {
  const app = await stage.startNode('app behind the connector', 'app');
  const front = await startGateway(stage);
  const env = { ...dialling(front), BENCH_TARGET: TARGET, BENCH_ORIGIN: app.fact('url') };
  const connector = await stage.startNode('connector', 'forwarder', { env });
  return {
    origin: new URL(front.fact('url')),
    processes: () => ({ gateway: [front.pid], connector: [connector.pid], app: [app.pid] }),
  };
};

/** A gateway with its defaults, but that it lets any number dial in at once; it can be asked for its `memory`. */
export function startGateway(stage: Stage): Promise<NodeChild> {
  return stage.startNode('gateway', 'gateway', { flags: ['--expose-gc'] });
}

/** The server that all subjects stand in front of, in one process with its connector. */
export function connectApp(
  stage: Stage,
  front: NodeChild,
  { transport = 'websocket', dialled = front.fact('url') }: { transport?: 'websocket' | 'poll'; dialled?: string } = {},
): Promise<NodeChild> {
  const env = { ...dialling(front), BENCH_GATEWAY: dialled, BENCH_TARGET: TARGET, BENCH_TRANSPORT: transport };
  return stage.startNode('connector + app', 'connected-app', { env });
}

/** What a process that dials a gateway has to know of it. */
export function dialling(front: NodeChild): Record<'BENCH_GATEWAY' | 'BENCH_TOKEN', string> {
  return { BENCH_GATEWAY: front.fact('url'), BENCH_TOKEN: front.fact('token') };
}
