import type { ConnectionState, RegisteredTarget } from '@reverse-http/connector/node';
import { formatDuration } from '../duration.js';
import { type Io, writeLine } from '../io.js';
import { writeJsonLine } from '../output/json-line.js';
import { styleFor } from '../output/style.js';

/** A server that is connected, as lines speak of it. */
export interface ConnectedSite {
  readonly target: string;
  /** Where requests go, for people. */
  readonly origin: string;
}

/** A state, with what else is known. */
export interface StateDetails {
  readonly gateway: string;
  /** Where visitors reach each target, once they do. */
  readonly targets: readonly RegisteredTarget[];
  /** Connectors of each target, this one included; null: not known. */
  readonly replicas: readonly (number | null)[];
  /** What a refusal or a failure means, for people. */
  readonly explanation: string | undefined;
}

/** Writes what a connection goes through. */
export interface ConnectOutput {
  state(sites: readonly ConnectedSite[], state: ConnectionState, details: StateDetails): void;
}

type ReadyState = Extract<ConnectionState, { state: 'ready' }>;
type OtherState = Exclude<ConnectionState, ReadyState>;

/** A JSON line for each state and target; the shape is append-only. */
export function createJsonOutput(io: Io): ConnectOutput {
  return {
    state(sites, state, { targets, replicas, explanation }) {
      sites.forEach(({ target }, i) => {
        const fields =
          state.state === 'ready' ? readyFields(state, targets[i]!, replicas[i] ?? null) : fieldsOf(state, explanation);
        writeJsonLine(io.stdout, { time: new Date().toISOString(), event: state.state, target, ...fields });
      });
    },
  };
}

/**
 * Lines for people: the public URL of each target first, then one for each change of state. What is tried again and again
 * is told once for each kind of trouble.
 */
export function createLinesOutput(io: Io): ConnectOutput {
  const style = styleFor(io.stdout, io);
  let last: string | undefined;
  let again = false;
  return {
    state(sites, state, details) {
      const error = 'error' in state ? state.error : undefined;
      const kind = `${state.state} ${error?.code ?? ''}`;
      const lines = state.state === 'ready' ? urlLines(sites, details.targets, again) : linesOf(sites, state, details);
      if (state.state === 'ready') again = true;
      // While it dials, nothing is news but a trouble that was not there before.
      if (lines.length === 0 || last === kind) return;
      last = kind;
      const paint = state.state === 'ready' ? style.green : state.state === 'closed' ? style.dim : style.yellow;
      for (const line of lines) writeLine(io.stdout, paint(line));
    },
  };
}

function readyFields({ transport }: ReadyState, { url, urls }: RegisteredTarget, replicas: number | null): object {
  return { url, urls, transport, replicas };
}

function fieldsOf(state: OtherState, explanation: string | undefined): object {
  switch (state.state) {
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

function urlLines(
  sites: readonly ConnectedSite[],
  targets: readonly RegisteredTarget[],
  again: boolean,
): readonly string[] {
  return sites.map(({ origin }, i) => `${targets[i]!.url} -> ${origin}${again ? '  (connected again)' : ''}`);
}

function linesOf(
  sites: readonly ConnectedSite[],
  state: OtherState,
  { gateway, explanation }: StateDetails,
): readonly string[] {
  switch (state.state) {
    case 'connecting':
      return state.error ? [`Not connected: ${explanation ?? state.error.message}. Trying again until it works.`] : [];
    case 'suspect':
      return [`No sign of life from ${gateway}: asking for one.`];
    case 'detached': {
      const why = state.error ? ` (${explanation ?? state.error.message})` : '';
      return [`Connection to ${gateway} lost${why}: going on as soon as it is back; requests wait.`];
    }
    case 'standby': {
      const targets = sites.map(({ target }) => target).join(', ');
      const then = `asking again every ${formatDuration(state.retryInMs)}`;
      return [`Standing by: a newer start of this replica serves ${targets}; ${then}.`];
    }
    case 'refused': {
      const then = state.retryInMs === undefined ? '' : ` Trying again in ${formatDuration(state.retryInMs)}.`;
      return [`Refused: ${explanation ?? state.error.message}.${then}`];
    }
    case 'closed':
      return state.reason.code === 'closed' ? ['Closed.'] : [];
  }
}
