import type { AccessLogEntry, GatewayEvent } from '@reverse-http/gateway';
import { type Io, writeLine } from '../io.js';
import { gatherOutput } from '../output/gather-output.js';
import { writeJsonLine } from '../output/json-line.js';
import { type Style, styleFor } from '../output/style.js';

/** What a gateway that runs has to say. */
export interface GatewayOutput {
  /** It listens. */
  listening(details: GatewayDetails): void;
  request(entry: AccessLogEntry): void;
  event(event: GatewayEvent): void;
  /** Something for people: a warning, a hint. */
  note(line: string): void;
  /** Nothing more is to come: writes what was kept back. */
  end(): void;
}

/** What there is to know about a gateway that just started. */
export interface GatewayDetails {
  readonly url: string;
  readonly admin: string | undefined;
  readonly tokenFile: string | undefined;
}

/**
 * Lines for people on a terminal; JSON lines where a program reads. There the lines about the start go to stderr as well,
 * where a service's log has them.
 */
export function createGatewayOutput(io: Io, json: boolean): GatewayOutput {
  return json ? jsonOutput(io) : linesOutput(io);
}

function jsonOutput({ stdout, stderr }: Io): GatewayOutput {
  const lines = gatherOutput(stdout);
  return {
    listening(details) {
      writeJsonLine(lines, { time: new Date().toISOString(), event: 'listening', ...details });
      lines.flush();
      for (const line of startLines(details)) writeLine(stderr, line);
    },
    request: ({ time, ...entry }) => writeJsonLine(lines, { time, event: 'request', ...entry }),
    event(event) {
      writeJsonLine(lines, event);
      lines.flush();
    },
    note: (line) => writeLine(stderr, line),
    end: () => lines.flush(),
  };
}

function linesOutput(io: Io): GatewayOutput {
  const style = styleFor(io.stdout, io);
  return {
    listening(details) {
      for (const line of startLines(details)) writeLine(io.stdout, line);
    },
    request: (entry) => writeLine(io.stdout, requestLine(entry, style)),
    event: (event) => writeLine(io.stdout, eventLine(event, style)),
    note: (line) => writeLine(io.stderr, line),
    end() {},
  };
}

function startLines({ url, admin, tokenFile }: GatewayDetails): string[] {
  return [
    `Gateway   ${url}`,
    ...(admin === undefined ? [] : [`Admin     ${admin}`]),
    ...(tokenFile === undefined ? [] : [`Token     ${tokenFile} (only you can read it)`]),
    'Next      rhttp connect 3000 --target A',
  ];
}

/** `14:03:07  200  GET /gw/A/x  A  1.5 ms  512 B`, in this machine's time. */
function requestLine(entry: AccessLogEntry, style: Style): string {
  const { time, status, reason, method, path, target, durationMs, bytesOut } = entry;
  const paint = status >= 500 || status === 0 ? style.red : status >= 400 ? style.yellow : style.green;
  const code = paint(status === 0 ? '---' : String(status));
  const why = reason === undefined ? '' : `  ${reason}`;
  const rest = `${target ?? '-'}  ${durationMs} ms  ${bytesOut} B${why}`;
  return `${style.dim(clockTime(time))}  ${code}  ${method || '-'} ${path || '-'}  ${style.dim(rest)}`;
}

function eventLine(
  { time, event, targets, replica, transport, peer, code, message }: GatewayEvent,
  style: Style,
): string {
  const parts = [
    targets?.join(', '),
    replica && `replica ${replica}`,
    transport,
    peer && `from ${peer}`,
    code,
    message,
  ];
  return `${style.dim(clockTime(time))}  ${event}  ${parts.filter(Boolean).join('  ')}`;
}

function clockTime(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 8);
}
