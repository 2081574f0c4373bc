import type { TargetStatus } from '@reverse-http/gateway';
import { formatDuration } from '../duration.js';
import { formatTable } from './table.js';

const head = ['TARGET', 'REPLICA', 'TRANSPORT', 'STATE', 'SINCE', 'REQUESTS', 'RUNNING', 'IN', 'OUT', 'URL'];

/** A line for each replica; what counts for the whole target stands on its first. */
export function formatStatus(targets: readonly TargetStatus[], now: number): string[] {
  if (targets.length === 0) return ['Nothing is connected. Next: rhttp connect 3000 --target A'];
  return formatTable([head, ...targets.flatMap((target) => rowsOf(target, now))]);
}

function rowsOf(status: TargetStatus, now: number): string[][] {
  return status.replicas.map(({ replica, transport, state, since, requests, running }, i) => [
    i === 0 ? status.target : '',
    replica,
    transport,
    state,
    formatDuration(Math.max(0, now - Date.parse(since))),
    String(requests),
    String(running),
    i === 0 ? formatBytes(status.bytesIn) : '',
    i === 0 ? formatBytes(status.bytesOut) : '',
    i === 0 ? (status.urls[0] ?? '-') : '',
  ]);
}

/** `512 B`, `1.5 MiB`. */
function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
