import type { Entry } from './app.js';
import type { ChaosOptions } from './chaos-options.js';
import type { Fault } from './faults.js';
import { type Body, type Plan, planOf } from './plan.js';
import type { Failure } from './visitors.js';

/** A fault that happened. */
export interface Struck {
  readonly fault: Fault;
  readonly at: number;
  /** Exchanges in flight. */
  readonly hit: number;
  /** From the last byte of the session before to the first one after. */
  readonly recoveryMs: number;
}

interface KindReport {
  readonly faults: number;
  /** Exchanges in flight, in all. */
  readonly hit: number;
  readonly recoveryMs: { readonly p50: number; readonly p99: number };
}

export interface Report {
  readonly options: ChaosOptions;
  /** That were made: fewer than wanted where many failed. */
  readonly requests: number;
  readonly seconds: number;
  /** Those that met an exchange in flight. */
  readonly faults: number;
  readonly hit: number;
  readonly byKind: Readonly<Record<string, KindReport>>;
  readonly lost: number;
  readonly doubled: number;
  readonly corrupted: number;
  /** What is known of the first of them. */
  readonly failures: readonly unknown[];
}

export interface Evidence {
  readonly options: ChaosOptions;
  readonly requests: number;
  readonly seconds: number;
  readonly strikes: readonly Struck[];
  readonly failures: readonly Failure[];
  readonly ledger: readonly Entry[];
  /** What the processes wrote. */
  readonly logs: { readonly gateway: string; readonly connector: string };
}

const mostFailures = 20;
const mostLines = 30;
/** What makes the handler be called may have happened so much before, ms. */
const beforeMs = 1000;

export function createReport(evidence: Evidence): Report {
  const { options, requests, seconds, strikes, failures, ledger } = evidence;
  const counted = strikes.filter(({ hit }) => hit > 0);
  const kinds = new Set(counted.map(({ fault }) => fault.kind));
  const doubled = ledger.filter(({ calls }) => calls.length > 1);
  return {
    options,
    requests,
    seconds: Math.round(seconds * 10) / 10,
    faults: counted.length,
    hit: counted.reduce((sum, { hit }) => sum + hit, 0),
    byKind: Object.fromEntries([...kinds].sort().map((kind) => [kind, reportKind(counted, kind)])),
    lost: failures.filter(({ kind }) => kind === 'lost').length,
    doubled: doubled.length,
    corrupted: failures.filter(({ kind }) => kind === 'corrupted').length,
    failures: [
      ...failures.slice(0, mostFailures).map((failure) => reportFailure(failure, evidence)),
      ...doubled.slice(0, mostFailures).map((entry) => reportDoubled(entry, evidence)),
    ],
  };
}

/** All that is known of one: enough to see what happened to it, and when. */
function reportFailure({ kind, number, saw, plan, from, to }: Failure, evidence: Evidence): unknown {
  return {
    kind,
    number,
    saw,
    plan: tellPlan(plan),
    ledger: evidence.ledger.find((entry) => entry.number === number) ?? 'never came',
    ...reportTime(number, from, to, evidence),
  };
}

function reportDoubled(entry: Entry, evidence: Evidence): unknown {
  const { number, calls } = entry;
  const times = calls.map((at) => at - performance.timeOrigin);
  const plan = tellPlan(planOf(evidence.options.seed, number));
  const time = reportTime(number, Math.min(...times) - beforeMs, Math.max(...times), evidence);
  return { kind: 'doubled', number, plan, ledger: entry, ...time };
}

/** What happened while it ran. */
function reportTime(number: number, from: number, to: number, { strikes, logs }: Evidence): object {
  return {
    from: timeOf(from),
    to: timeOf(to),
    struckBy: strikes.filter(({ at }) => at >= from && at <= to).map(tellStrike),
    gateway: linesOf(logs.gateway, number, from, to),
    connector: linesOf(logs.connector, number, from, to),
  };
}

function reportKind(strikes: readonly Struck[], kind: string): KindReport {
  const ofKind = strikes.filter(({ fault }) => fault.kind === kind);
  const times = ofKind.map(({ recoveryMs }) => recoveryMs).sort((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.floor(share * (times.length - 1))]! * 10) / 10;
  return {
    faults: ofKind.length,
    hit: ofKind.reduce((sum, { hit }) => sum + hit, 0),
    recoveryMs: { p50: at(0.5), p99: at(0.99) },
  };
}

/** Of this exchange, or of its time and no other exchange. */
function linesOf(log: string, number: number, from: number, to: number): string[] {
  const lines = log.split('\n').filter((line) => {
    if (line.includes(`/x/${number}"`)) return true;
    const [time] = /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line) ?? [];
    return time !== undefined && !line.includes('/x/') && time >= timeOf(from) && time <= timeOf(to);
  });
  return lines.slice(0, mostLines);
}

function timeOf(at: number): string {
  return new Date(performance.timeOrigin + at).toISOString();
}

function tellPlan({ kind, status, up, down, messages }: Plan): string {
  const tell = ({ bytes, isChunked, isPieced }: Body): string =>
    `${bytes} bytes${isChunked ? ', chunked' : ''}${isPieced ? ', in pieces' : ''}`;
  if (messages.length > 0) return `${kind} with ${messages.length} messages`;
  return `${kind}, up ${tell(up)}, ${status} down ${tell(down)}`;
}

function tellStrike({ fault, at, recoveryMs }: Struck): string {
  const { kind, strike, http, lastsMs } = fault;
  const where = http ? '' : `, after ${strike.afterBytes} bytes ${strike.way}`;
  return `${timeOf(at)}: ${kind}${where}, for ${lastsMs} ms; heard again after ${Math.round(recoveryMs)} ms`;
}
