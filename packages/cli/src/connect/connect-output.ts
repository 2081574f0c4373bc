import type { ConnectionState } from '@reverse-http/connector/node';
import { formatDuration } from '../duration.js';
import { type Io, writeLine } from '../io.js';
import { writeJsonLine } from '../output/json-line.js';
import { styleFor } from '../output/style.js';

/** A connection as its lines speak of it. */
export interface ConnectedSite {
  readonly target: string;
  /** Where requests go, for people. */
  readonly origin: string;
  readonly gateway: string;
}

/** A state, with what else is known. */
export interface StateDetails {
  /** Connectors of the target, this one included; null: not known. */
  readonly replicas: number | null;
  /** What a refusal or a failure means, for people. */
  readonly explanation: string | undefined;
}

/** Writes what a connection goes through. */
export interface ConnectOutput {
  state(site: ConnectedSite, state: ConnectionState, details: StateDetails): void;
}

/** One JSON line for each state; the shape is append-only. */
export function createJsonOutput(io: Io): ConnectOutput {
  return {
    state({ target }, state, { replicas, explanation }) {
      writeJsonLine(io.stdout, { event: state.state, target, ...fieldsOf(state, replicas, explanation) });
    },
  };
}

/**
 * One line for each change of state, for people: the public URL first. What is tried again and again is told once for
 * each kind of trouble.
 *
 * @param several whether lines say which target they speak of
 */
export function createLinesOutput(io: Io, several: boolean): ConnectOutput {
  const style = styleFor(io.stdout, io);
  const last = new Map<string, string>();
  const seen = new Set<string>();
  return {
    state(site, state, { explanation }) {
      const { target } = site;
      const error = 'error' in state ? state.error : undefined;
      const kind = `${state.state} ${error?.code ?? ''}`;
      const line = lineOf(site, state, explanation, seen.has(target));
      if (state.state === 'ready') seen.add(target);
      // While it dials, nothing is news but a trouble that was not there before.
      if (line === undefined || last.get(target) === kind) return;
      last.set(target, kind);
      const paint = state.state === 'ready' ? style.green : state.state === 'closed' ? style.dim : style.yellow;
      writeLine(io.stdout, paint(several && state.state !== 'ready' ? `${target}: ${line}` : line));
    },
  };
}

function fieldsOf(state: ConnectionState, replicas: number | null, explanation: string | undefined): object {
  switch (state.state) {
    case 'ready':
      return { url: state.url, urls: state.urls, transport: state.transport, replicas };
    case 'closed':
      return { code: state.reason.code, message: explanation ?? state.reason.message };
    case 'suspect':
      return {};
    case 'standby':
      return { retryInMs: Math.round(state.retryInMs) };
    default: {
      const { error, retryInMs } = state as Extract<ConnectionState, { state: 'refused' }>;
      const retry = retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) };
      return error ? { code: error.code, message: explanation ?? error.message, ...retry } : retry;
    }
  }
}

function lineOf(
  { gateway, origin, target }: ConnectedSite,
  state: ConnectionState,
  explanation: string | undefined,
  again: boolean,
): string | undefined {
  switch (state.state) {
    case 'ready':
      return `${state.url} -> ${origin}${again ? '  (connected again)' : ''}`;
    case 'connecting':
      return state.error && `Not connected: ${explanation ?? state.error.message}. Trying again until it works.`;
    case 'suspect':
      return `No sign of life from ${gateway}: asking for one.`;
    case 'detached':
      return `Connection to ${gateway} lost${state.error ? ` (${state.error.message})` : ''}: going on as soon as it is back; requests wait.`;
    case 'standby':
      return `Standing by: a newer start of this replica serves ${target}; asking again every ${formatDuration(state.retryInMs)}.`;
    case 'refused': {
      const then = state.retryInMs === undefined ? '' : ` Trying again in ${formatDuration(state.retryInMs)}.`;
      return `Refused: ${explanation ?? state.error.message}.${then}`;
    }
    case 'closed':
      return state.reason.code === 'closed' ? 'Closed.' : undefined;
  }
}
