/** One value of a metric. */
export interface MetricValue {
  /** Where it differs from the family's: a histogram's `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its values, as plain data: in the shape that prom-client takes from a collector's `get()`. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly MetricValue[];
}
