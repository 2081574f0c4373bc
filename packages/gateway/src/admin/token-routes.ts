import type { NewToken, NewTokenOptions } from '../credentials/token-edits.js';
import type { TokenStore } from '../credentials/token-store.js';
import { type AdminAnswer, jsonAnswer, problemAnswer } from './admin-answer.js';
import type { AdminRequest, AdminRoute } from './admin-route.js';
import type { AdminOperations } from './operations.js';
import { parseDuration } from './parse-duration.js';

/** The routes about tokens; without a token store each answers 404 and says why. */
export function tokenRoutes({ tokens }: AdminOperations): AdminRoute[] {
  const withStore =
    (handle: (store: TokenStore, request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>): AdminRoute['handle'] =>
    (request) =>
      tokens ? handle(tokens, request) : problemAnswer('not-found', noStore);
  return [
    {
      method: 'GET',
      path: '/api/v1/tokens',
      handle: withStore((store) => jsonAnswer({ tokens: store.list() })),
    },
    { method: 'POST', path: '/api/v1/tokens', handle: withStore(create) },
    { method: 'DELETE', path: '/api/v1/tokens/{id}', handle: withStore(revoke) },
    { method: 'POST', path: '/api/v1/tokens/{id}/rotate', handle: withStore(rotate) },
  ];
}

const noStore = 'This gateway keeps no tokens in a file: its option "connectors.tokens" is not set.';

async function create(store: TokenStore, request: AdminRequest): Promise<AdminAnswer> {
  const { targets, owner, expires } = await request.json(['targets', 'owner', 'expires']);
  // The store checks what it is given, types included. Its default, every target, is too much for a forgotten member.
  const wanted = { targets: targets ?? [], owner, expiresInMs: parseDuration('expires', expires) } as NewTokenOptions;
  return created(await store.create(wanted));
}

async function revoke(store: TokenStore, { id }: AdminRequest): Promise<AdminAnswer> {
  return (await store.revoke(id)) ? { kind: 'empty', status: 204 } : missing(id);
}

async function rotate(store: TokenStore, request: AdminRequest): Promise<AdminAnswer> {
  const { overlap } = await request.json(['overlap']);
  const made = await store.rotate(request.id, parseDuration('overlap', overlap) ?? 0);
  return made ? created(made) : missing(request.id);
}

/** The token itself is seen this once. */
function created({ token, entry }: NewToken): AdminAnswer {
  return jsonAnswer({ ...entry, token }, 201, { Location: `/api/v1/tokens/${entry.id}` });
}

function missing(id: string): AdminAnswer {
  return problemAnswer('not-found', `There is no token "${id}".`);
}
