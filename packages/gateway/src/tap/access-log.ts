import { latin1, methodOf } from '@reverse-http/protocol/http1';
import type { Tap } from './tap.js';

/** One line of the access log. Never holds `Authorization`, `Cookie` or a body. */
export interface AccessLogEntry {
  /** ISO 8601, when the visit ended. */
  readonly time: string;
  readonly id: string;
  readonly peer: string;
  readonly method: string;
  /** Path without the query, unless that was asked for. */
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

/** What an entry may say. */
export interface AccessLogOptions {
  /** Whether paths keep their query. Default false: secrets may stand in it. */
  readonly query?: boolean;
  /** Whether entries have the visitor's address; else `-` stands for it. Default `full`. */
  readonly peer?: 'full' | 'off';
}

/** A tap that gives one entry a visit. */
export function createAccessLog(write: (entry: AccessLogEntry) => void, options: AccessLogOptions = {}): Tap {
  const { query = false, peer: peers = 'full' } = options;
  const isoTime = createIsoClock();
  return {
    onEnd(visit, target, outcome, durationMs) {
      const { head, id, peer } = visit;
      const { status, reason, bytesIn, bytesOut } = outcome;
      const path = latin1(head.bytes, head.pathStart, head.pathEnd);
      write({
        time: isoTime(),
        id,
        peer: peers === 'full' ? peer.address : '-',
        method: methodOf(head),
        path: query ? path : pathWithoutQuery(path),
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

/** The time as ISO 8601. Formatted once a millisecond: it would be most of making an entry. */
function createIsoClock(): () => string {
  let last = -1;
  let text = '';
  return () => {
    const now = Date.now();
    if (now !== last) {
      last = now;
      text = new Date(now).toISOString();
    }
    return text;
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
