import { type AdminAnswer, jsonAnswer, problemAnswer } from './admin-answer.js';
import type { AdminRequest, AdminRoute } from './admin-route.js';
import type { EventStreams } from './event-streams.js';
import type { MetricFamily } from './metric-family.js';
import { openApi } from './open-api.js';
import type { AdminOperations, StatusMap } from './operations.js';
import { pageOf } from './page-of.js';
import { parseDuration } from './parse-duration.js';
import { tokenRoutes } from './token-routes.js';

/** What writes the metrics: the gateway counts, and leaves the format to others. */
export interface MetricsAdapter {
  /** Of what {@link render} gives, as `text/plain; version=0.0.4; charset=utf-8`. */
  readonly contentType: string;
  /** Called for each request of `/metrics` with what the gateway counted; may add metrics of its own. */
  render(families: readonly MetricFamily[]): string | Promise<string>;
}

/** What the routes stand on. */
export interface AdminRoutesOptions {
  readonly operations: AdminOperations;
  readonly streams: EventStreams;
  readonly metrics: MetricsAdapter | undefined;
  /** Hears what went wrong after the answer was given. */
  readonly onError: (error: unknown) => void;
}

/** The table of everything that the admin listener serves. */
export function adminRoutes(options: AdminRoutesOptions): readonly AdminRoute[] {
  const { operations } = options;
  return [
    { method: 'GET', path: '/health', open: true, handle: () => jsonAnswer({ status: 'ok' }) },
    { method: 'GET', path: '/ready', open: true, handle: () => ready(operations) },
    { method: 'GET', path: '/metrics', handle: () => metrics(options.metrics, operations.metrics?.() ?? []) },
    ...targetRoutes(options),
    ...sessionRoutes(operations),
    ...tokenRoutes(operations),
    { method: 'GET', path: '/api/v1/events', handle: () => events(options.streams) },
    { method: 'GET', path: '/api/v1/openapi.json', handle: () => jsonAnswer(openApi) },
  ];
}

function targetRoutes({ operations, onError }: AdminRoutesOptions): AdminRoute[] {
  const missing = (id: string): AdminAnswer => problemAnswer('not-found', `No target "${id}" is connected.`);
  return [
    {
      method: 'GET',
      path: '/api/v1/targets',
      handle: ({ query }) => list('targets', operations.targets, query),
    },
    {
      method: 'GET',
      path: '/api/v1/targets/{id}',
      handle({ id }) {
        const status = operations.targets.get(id);
        return status ? jsonAnswer(status) : missing(id);
      },
    },
    {
      method: 'DELETE',
      path: '/api/v1/targets/{id}',
      handle: (request) => kick(operations, request.id, request) ?? missing(request.id),
    },
    {
      method: 'POST',
      path: '/api/v1/targets/{id}/drain',
      handle({ id }) {
        if (!operations.targets.get(id)) return missing(id);
        // As long as its requests take: the one who asks watches the list, or the events.
        operations.drain(id).catch(onError);
        return jsonAnswer({ draining: id }, 202);
      },
    },
  ];
}

function sessionRoutes(operations: AdminOperations): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/sessions',
      handle: ({ query }) => list('sessions', operations.sessions, query),
    },
    {
      method: 'DELETE',
      path: '/api/v1/sessions/{id}',
      handle: (request) =>
        kick(operations, { session: request.id }, request) ??
        problemAnswer('not-found', `There is no session "${request.id}".`),
    },
  ];
}

/** Undefined when there was nobody to kick; who is to be kept out need not be there. */
function kick(
  operations: AdminOperations,
  who: string | { readonly session: string },
  { query }: AdminRequest,
): AdminAnswer | undefined {
  const forMs = parseDuration('for', query.get('for'));
  const sessions = operations.kick(who, forMs === undefined ? {} : { forMs });
  const keepsOut = typeof who === 'string' && forMs !== undefined;
  return sessions > 0 || keepsOut ? jsonAnswer({ sessions }) : undefined;
}

function list<T>(name: string, map: StatusMap<T>, query: URLSearchParams): AdminAnswer {
  const { keys, next } = pageOf(map.keys(), query);
  return jsonAnswer({ [name]: keys.map((key) => map.get(key)).filter((status) => status !== undefined), next });
}

function ready(operations: AdminOperations): AdminAnswer {
  if (operations.isReady()) return jsonAnswer({ status: 'ready' });
  return problemAnswer('not-ready', 'The gateway is starting or shutting down.');
}

async function metrics(adapter: MetricsAdapter | undefined, families: readonly MetricFamily[]): Promise<AdminAnswer> {
  if (!adapter)
    return problemAnswer('not-found', 'This gateway counts nothing: its option "admin.metrics" is not set.');
  const text = await adapter.render(families);
  return { kind: 'text', status: 200, fields: { 'Content-Type': adapter.contentType }, text };
}

function events(streams: EventStreams): AdminAnswer {
  if (!streams.hasRoom) return problemAnswer('overloaded', 'Too many event streams are open.', { 'Retry-After': '15' });
  return { kind: 'stream', start: (response) => streams.serve(response) };
}
