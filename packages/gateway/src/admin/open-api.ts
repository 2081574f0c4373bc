// The document of the admin API (OpenAPI 3.1), kept by hand beside the table of routes; a test compares the two.

type Json = Readonly<Record<string, unknown>>;

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const text: Json = { type: 'string' };
const time: Json = { type: 'string', format: 'date-time' };
const timeOrNull: Json = { type: ['string', 'null'], format: 'date-time' };
const count: Json = { type: 'integer', minimum: 0 };
const texts: Json = { type: 'array', items: text };
const duration: Json = { type: ['string', 'integer'], description: 'As 250ms, 10m, 90d, off; a number means ms.' };

const object = (properties: Json, optional: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const json = (description: string, schema: Json): Json => ({
  description,
  content: { 'application/json': { schema } },
});
const problem = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});
const query = (name: string, schema: Json, description: string): Json => ({ name, in: 'query', schema, description });

const id: Json = { name: 'id', in: 'path', required: true, schema: text };
const paging: readonly Json[] = [
  query('limit', { type: 'integer', minimum: 1, maximum: 1000, default: 100 }, 'Entries of the page.'),
  query('cursor', text, 'The "next" of the page before.'),
];
const forTime = query('for', duration, 'How long to refuse it when it comes back. Default: not at all.');

/** Adds what every route that needs the token can answer. */
const guarded = (summary: string, responses: Json, more: Json = {}): Json => ({
  summary,
  ...more,
  responses: { ...responses, 401: problem('Without the admin token.'), 421: problem('A host that is not served.') },
});
const open = (summary: string, responses: Json): Json => ({
  summary,
  security: [],
  responses: { ...responses, 421: problem('A host that is not served.') },
});
const body = (schema: Json): Json => ({ requestBody: { content: { 'application/json': { schema } } } });

const sessionFields: Json = {
  session: text,
  state: { enum: ['attached', 'suspect', 'detached'] },
  transport: { enum: ['websocket', 'poll', 'memory'] },
  since: time,
  agent: text,
  labels: { type: 'object', additionalProperties: text },
  peer: text,
  credential: text,
  owner: text,
  requests: count,
  running: count,
  resumes: count,
};
const tokenFields: Json = {
  id: text,
  targets: texts,
  owner: text,
  createdAt: time,
  expiresAt: timeOrNull,
  revokedAt: timeOrNull,
};

const schemas: Json = {
  Problem: object({ type: text, title: text, status: { type: 'integer' }, detail: text }),
  Session: object({
    ...sessionFields,
    targets: { type: 'array', items: object({ target: text, replica: text }) },
  }),
  Target: object({
    target: text,
    urls: texts,
    owner: text,
    since: time,
    requests: count,
    running: count,
    bytesIn: count,
    bytesOut: count,
    replicas: { type: 'array', items: object({ ...sessionFields, replica: text }) },
  }),
  Token: object(tokenFields),
  NewToken: object({ ...tokenFields, token: { type: 'string', description: 'Seen this once.' } }),
  Kicked: object({ sessions: count }),
};

const missing = { 404: problem('There is none.') };
const noStore = { 404: problem('There is none, or the gateway keeps no tokens in a file.') };
const badInput = { 400: problem('What was given is not what was expected.') };
const pageOf = (name: string, schema: string): Json =>
  object({ [name]: { type: 'array', items: ref(schema) }, next: { type: ['string', 'null'] } });

/** The admin API in OpenAPI 3.1. */
export const openApi: Json = {
  openapi: '3.1.0',
  info: { title: 'Reverse HTTP gateway, admin API', version: '1' },
  security: [{ adminToken: [] }],
  paths: {
    '/health': { get: open('Whether the process runs.', { 200: json('It does.', object({ status: text })) }) },
    '/ready': {
      get: open('Whether visitors and connectors are served.', {
        200: json('They are.', object({ status: text })),
        503: problem('Starting or shutting down.'),
      }),
    },
    '/metrics': {
      get: guarded('Metrics for Prometheus.', {
        200: { description: 'Metrics.', content: { 'text/plain': { schema: text } } },
        404: problem('The gateway counts nothing.'),
      }),
    },
    '/api/v1/targets': {
      get: guarded(
        'Connected targets, by id.',
        { 200: json('A page.', pageOf('targets', 'Target')), ...badInput },
        { parameters: paging },
      ),
    },
    '/api/v1/targets/{id}': {
      parameters: [id],
      get: guarded('One target.', { 200: json('The target.', ref('Target')), ...missing }),
      delete: guarded(
        'Ends the sessions of a target.',
        { 200: json('How many ended.', ref('Kicked')), ...badInput, ...missing },
        { parameters: [forTime] },
      ),
    },
    '/api/v1/targets/{id}/drain': {
      parameters: [id],
      post: guarded('Gives a target no new request, and ends its sessions when the running ones are done.', {
        202: json('It has begun.', object({ draining: text })),
        ...missing,
      }),
    },
    '/api/v1/sessions': {
      get: guarded(
        'Sessions of connectors, by id.',
        { 200: json('A page.', pageOf('sessions', 'Session')), ...badInput },
        { parameters: paging },
      ),
    },
    '/api/v1/sessions/{id}': {
      parameters: [id],
      delete: guarded(
        'Ends a session.',
        { 200: json('It ended.', ref('Kicked')), ...badInput, ...missing },
        { parameters: [forTime] },
      ),
    },
    '/api/v1/tokens': {
      get: guarded('All tokens, oldest first, without their secrets.', {
        200: json('The tokens.', object({ tokens: { type: 'array', items: ref('Token') } })),
        ...noStore,
      }),
      post: guarded(
        'Makes a token.',
        { 201: json('The token.', ref('NewToken')), ...badInput, ...noStore },
        body(object({ targets: texts, owner: text, expires: duration }, ['owner', 'expires'])),
      ),
    },
    '/api/v1/tokens/{id}': {
      parameters: [id],
      delete: guarded('Revokes a token; its sessions end.', { 204: { description: 'It is revoked.' }, ...noStore }),
    },
    '/api/v1/tokens/{id}/rotate': {
      parameters: [id],
      post: guarded(
        'Makes a successor of a token; the old one expires after the overlap.',
        { 201: json('The successor.', ref('NewToken')), ...badInput, ...noStore },
        body(object({ overlap: duration }, ['overlap'])),
      ),
    },
    '/api/v1/events': {
      get: guarded('What happens on the connectors` side, as it happens.', {
        200: { description: 'Events.', content: { 'text/event-stream': { schema: text } } },
        503: problem('Too many streams are open.'),
      }),
    },
    '/api/v1/openapi.json': {
      get: guarded('This document.', { 200: json('The document.', { type: 'object' }) }),
    },
  },
  components: { schemas, securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } },
};
