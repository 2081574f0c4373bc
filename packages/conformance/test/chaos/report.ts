import type { Entry } from './app.js';
import type { ChaosOptions } from './chaos-options.js';
import type { Fault } from './faults.js';
import type { Body, Plan } from './plan.js';

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
  readonly seconds: number;
  readonly strikes: readonly Struck[];
  readonly failures: readonly Failure[];
  readonly ledger: readonly Entry[];
  readonly logs: Readonly<Record<string, string>>;
}

const mostFailures = 20;

export function createReport({ options, seconds, strikes, failures, ledger, logs }: Evidence): Report {
  const counted = strikes.filter(({ hit }) => hit > 0);
  const kinds = new Set(counted.map(({ fault }) => fault.kind));
  const entries = new Map(ledger.map((entry) => [entry.number, entry]));
  const doubled = ledger.filter(({ times }) => times > 1);
  return {
    options,
    requests: options.requests,
    seconds: Math.round(seconds * 10) / 10,
    faults: counted.length,
    hit: counted.reduce((sum, { hit }) => sum + hit, 0),
    byKind: Object.fromEntries([...kinds].sort().map((kind) => [kind, reportKind(counted, kind)])),
    lost: failures.filter(({ kind }) => kind === 'lost').length,
    doubled: doubled.length,
    corrupted: failures.filter(({ kind }) => kind === 'corrupted').length,
    failures: [
      ...failures.slice(0, mostFailures).map((failure) => ({
        kind: failure.kind,
        number: failure.number,
        saw: failure.saw,
        plan: tellPlan(failure.plan),
        fromMs: Math.round(failure.from),
        toMs: Math.round(failure.to),
        ledger: entries.get(failure.number) ?? 'never came',
        struckBy: strikes.filter(({ at }) => at >= failure.from && at <= failure.to).map(tellStrike),
        gatewayLog: linesOf(logs.gateway!, failure.number),
      })),
      ...doubled.slice(0, mostFailures).map((entry) => ({ kind: 'doubled', ...entry })),
    ],
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

function linesOf(log: string, number: number): string[] {
  return log.split('\n').filter((line) => line.includes(`/x/${number}"`));
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
  return `${kind} at ${Math.round(at)} ms${where}, for ${lastsMs} ms; heard again after ${Math.round(recoveryMs)} ms`;
}
