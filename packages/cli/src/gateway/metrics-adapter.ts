import type { MetricFamily, MetricsAdapter } from '@reverse-http/gateway';
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

/** Of all metric names; append-only, as dashboards rely on them. */
const prefix = 'reverse_http_';

/** Writes what the gateway counts as Prometheus reads it, and what there is to say of the process beside it. */
export function createMetricsAdapter(): MetricsAdapter {
  // A registry of its own: two gateways in one process must not meet in prom-client's global one.
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, prefix });
  return {
    contentType: ofProcess.contentType,
    async render(families) {
      const counted = new Registry();
      for (const family of families) counted.registerMetric(metricOf(family));
      return `${await counted.metrics()}${await ofProcess.metrics()}`;
    },
  };
}

/** All that a registry asks of a metric is its name and its values. */
function metricOf(family: MetricFamily): Metric {
  return { name: family.name, get: async () => ({ ...family, aggregator: 'sum' }) } as unknown as Metric;
}
