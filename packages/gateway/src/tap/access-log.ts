import { latin1, methodOf } from '@reverse-http/protocol/http1';
import type { Tap } from './tap.js';

/** One line of the access log. Never holds `Authorization`, `Cookie`, a query or a body. */
export interface AccessLogEntry {
  /** ISO 8601, when the visit ended. */
  readonly time: string;
  readonly id: string;
  readonly peer: string;
  readonly method: string;
  /** Path without the query, control characters escaped. */
  readonly path: string;
  readonly target: string | undefined;
  /** 0 when the visitor left before an answer began. */
  readonly status: number;
  /** Why the gateway answered itself, or broke off. */
  readonly reason: string | undefined;
  readonly durationMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A tap that gives one entry a visit. */
export function createAccessLog(write: (entry: AccessLogEntry) => void): Tap {
  return {
    onEnd(visit, target, outcome, durationMs) {
      const { head, id, peer } = visit;
      const { status, reason, bytesIn, bytesOut } = outcome;
      write({
        time: new Date().toISOString(),
        id,
        peer: peer.address,
        method: methodOf(head),
        path: pathWithoutQuery(latin1(head.bytes, head.pathStart, head.pathEnd)),
        target,
        status,
        reason,
        durationMs: Math.round(durationMs * 100) / 100,
        bytesIn,
        bytesOut,
      });
    },
  };
}

function pathWithoutQuery(path: string): string {
  const query = path.indexOf('?');
  return query < 0 ? path : path.slice(0, query);
}

/** The entry as a line of text: `203.0.113.7 GET /gw/A/ A 200 1.53ms in 0 out 512 id`. */
export function formatAccessLogEntry(entry: AccessLogEntry): string {
  const { time, peer, method, path, target, status, reason, durationMs, bytesIn, bytesOut, id } = entry;
  const why = reason === undefined ? '' : ` ${reason}`;
  return `${time} ${peer} ${method || '-'} ${path || '-'} ${target ?? '-'} ${status}${why} ${durationMs}ms in ${bytesIn} out ${bytesOut} ${id}`;
}
