import { fileURLToPath } from 'node:url';
import { BenchError } from './bench-error.js';
import type { Child, ChildOptions } from './process/children.js';
import { childrenOf } from './process/cpu-time.js';
import { startNginx } from './subjects/start-nginx.js';

const TARGET = 'A';

/** What starting a subject needs. */
export interface SubjectContext {
  start(options: Omit<ChildOptions, 'onDeath'>): Promise<Child>;
  /** Full paths of the programs. */
  readonly programs: Readonly<Record<'wrk' | 'nginx', string>>;
  /** A folder for files of this subject. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** A subject that runs. */
export interface RunningSubject {
  /** Where its visitors ask. */
  readonly origin: URL;
  /** Its processes by the role they play; their CPU time is reported under that name. */
  processes(): Readonly<Record<string, readonly number[]>>;
}

/** Starts the processes of one thing that is measured. They are ended by whoever made the context. */
export type StartSubject = (context: SubjectContext) => Promise<RunningSubject>;

const direct: StartSubject = async (context) => {
  const app = await startNode('app', './subjects/app.js', {}, context);
  return { origin: new URL(app.line('url')), processes: () => ({ app: [app.pid] }) };
};

const nginx: StartSubject = async (context) => {
  const app = await startNode('app behind nginx', './subjects/app.js', {}, context);
  const upstream = new URL(app.line('url'));
  const { url, child } = await startNginx({ ...context, program: context.programs.nginx, upstream });
  return { origin: url, processes: () => ({ nginx: [child.pid, ...childrenOf(child.pid)], app: [app.pid] }) };
};

function gatewayBy(transport: string): StartSubject {
  return async (context) => {
    const front = await startNode('gateway', './subjects/gateway.js', {}, context);
    const environment = {
      BENCH_GATEWAY: front.line('url'),
      BENCH_TOKEN: front.line('token'),
      BENCH_TARGET: TARGET,
      BENCH_TRANSPORT: transport,
    };
    const app = await startNode('connector + app', './subjects/connected-app.js', environment, context);
    return {
      origin: new URL(front.line('url')),
      processes: () => ({ gateway: [front.pid], 'connector + app': [app.pid] }),
    };
  };
}

const forwarding: StartSubject = async (context) => {
  const app = await startNode('app behind the connector', './subjects/app.js', {}, context);
  const front = await startNode('gateway', './subjects/gateway.js', {}, context);
  const environment = {
    BENCH_GATEWAY: front.line('url'),
    BENCH_TOKEN: front.line('token'),
    BENCH_TARGET: TARGET,
    BENCH_ORIGIN: app.line('url'),
  };
  const connector = await startNode('connector', './subjects/forwarder.js', environment, context);
  return {
    origin: new URL(front.line('url')),
    processes: () => ({ gateway: [front.pid], connector: [connector.pid], app: [app.pid] }),
  };
};

/** Everything that can be measured, by the name under which rows and results speak of it. */
export const SUBJECTS: Readonly<Record<SubjectName, StartSubject>> = {
  direct,
  nginx,
  gateway: gatewayBy('websocket'),
  polling: gatewayBy('poll'),
  forwarding,
};

/** The name of a subject. */
export type SubjectName = 'direct' | 'nginx' | 'gateway' | 'polling' | 'forwarding';

/** What visitors ask for, of every subject alike: the gateway routes by it, to the others it is just a path. */
export const VISITED_PATH: string = `/gw/${TARGET}/`;

async function startNode(
  name: string,
  file: string,
  env: Readonly<Record<string, string>>,
  { start, signal }: SubjectContext,
): Promise<{ readonly pid: number; line(key: string): string }> {
  const args = [fileURLToPath(new URL(file, import.meta.url))];
  const child = await start({ name, command: process.execPath, args, env });
  const facts = await child.firstLine(signal);
  const line = (key: string): string => {
    const value = facts[key];
    if (typeof value !== 'string' || value === '') throw new BenchError(`${name} did not say its ${key}`);
    return value;
  };
  return { pid: child.pid, line };
}
