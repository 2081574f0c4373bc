import { ReverseHttpError } from '@reverse-http/protocol/errors';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads `250ms 5s 1m 2h 90d` or a number of ms; undefined for `off` and for nothing.
 *
 * @throws ReverseHttpError `bad-option` that begins with `name`
 */
export function parseDuration(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null || value === 'off') return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  const found = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  if (found) return Number(found[1]) * unitsMs[found[2]!]!;
  throw new ReverseHttpError('bad-option', `${name}: expected a duration such as 10m, 90d or off`);
}
