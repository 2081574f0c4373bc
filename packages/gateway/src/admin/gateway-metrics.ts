import type { VisitCounts } from '../tap/visit-counters.js';
import type { MetricFamily, MetricValue } from './metric-family.js';
import type { AdminOperations } from './operations.js';

/** What {@link createGatewayMetrics} reads. */
export interface GatewayMetricsOptions {
  readonly operations: Pick<AdminOperations, 'targets' | 'sessions' | 'subscribe'>;
  /** What the taps counted. */
  readonly visits: () => VisitCounts;
  /** Requests that wait for their target at the moment. */
  readonly heldRequests: () => number;
  /** Version of the software. */
  readonly version: string;
}

const prefix = 'reverse_http';

/**
 * What there is to measure of a gateway, read when it is asked for; names are append-only within a major version. Costs a
 * look at every session: some milliseconds for 10,000 of them.
 */
export function createGatewayMetrics(options: GatewayMetricsOptions): () => readonly MetricFamily[] {
  const { operations, visits, heldRequests, version } = options;
  let resumes = 0;
  operations.subscribe(({ event }) => {
    if (event === 'resumed') resumes++;
  });
  return () => [
    ...visitFamilies(visits()),
    family('sessions', 'gauge', 'Sessions of connectors, by what carries them.', sessionsByTransport(operations)),
    family('targets', 'gauge', 'Targets that are connected.', [single(sizeOf(operations.targets.keys()))]),
    family('resumes_total', 'counter', 'Sessions that went on after their transport was lost.', [single(resumes)]),
    family('held_requests', 'gauge', 'Requests that wait for their target to come back.', [single(heldRequests())]),
    family('build_info', 'gauge', 'Always 1; the version is in the label.', [{ labels: { version }, value: 1 }]),
  ];
}

function visitFamilies({ requests, durations, bytesIn, bytesOut }: VisitCounts): MetricFamily[] {
  const duration = `${prefix}_request_duration_seconds`;
  return [
    family(
      'requests_total',
      'counter',
      'Requests of visitors that are over, by class of the status and why the gateway answered itself.',
      requests.map(({ codeClass, reason = 'none', count }) => ({
        labels: { code_class: codeClass, reason },
        value: count,
      })),
    ),
    family('request_duration_seconds', 'histogram', 'From the head of a request to the end of its answer.', [
      ...durations.buckets.map(({ seconds, count }) => ({
        metricName: `${duration}_bucket`,
        labels: { le: seconds === Number.POSITIVE_INFINITY ? '+Inf' : String(seconds) },
        value: count,
      })),
      { metricName: `${duration}_sum`, labels: {}, value: durations.sumSeconds },
      { metricName: `${duration}_count`, labels: {}, value: durations.count },
    ]),
    family('bytes_total', 'counter', 'Bytes of bodies and upgraded streams, from visitors (in) and to them (out).', [
      { labels: { direction: 'in' }, value: bytesIn },
      { labels: { direction: 'out' }, value: bytesOut },
    ]),
  ];
}

function sessionsByTransport({ sessions }: Pick<AdminOperations, 'sessions'>): MetricValue[] {
  const counts = new Map([
    ['websocket', 0],
    ['poll', 0],
  ]);
  for (const id of sessions.keys()) {
    const status = sessions.get(id);
    if (status) counts.set(status.transport, (counts.get(status.transport) ?? 0) + 1);
  }
  return [...counts].map(([transport, value]) => ({ labels: { transport }, value }));
}

function family(name: string, type: MetricFamily['type'], help: string, values: readonly MetricValue[]): MetricFamily {
  return { name: `${prefix}_${name}`, type, help, values };
}

function single(value: number): MetricValue {
  return { labels: {}, value };
}

function sizeOf(keys: Iterable<string>): number {
  let size = 0;
  for (const _ of keys) size++;
  return size;
}
