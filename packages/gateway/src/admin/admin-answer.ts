import type { ServerResponse } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';

/** Why the admin listener refuses; append-only within a major version. */
export type AdminProblem =
  | 'bad-request'
  | 'unauthorized'
  | 'not-found'
  | 'method-not-allowed'
  | 'body-too-large'
  | 'wrong-host'
  | 'failed'
  | 'not-ready'
  | 'overloaded';

/** What a request to the admin listener gets. */
export type AdminAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly fields?: Fields; readonly json: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly fields?: Fields; readonly text: string }
  | { readonly kind: 'empty'; readonly status: number; readonly fields?: Fields }
  /** The connection itself is the answer, and goes on. */
  | { readonly kind: 'stream'; readonly start: (response: ServerResponse) => void };

type Fields = Readonly<Record<string, string>>;

const problems: Readonly<Record<AdminProblem, { readonly status: number; readonly title: string }>> = {
  'bad-request': { status: 400, title: 'Bad request' },
  unauthorized: { status: 401, title: 'Unauthorized' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'body-too-large': { status: 413, title: 'Body too large' },
  'wrong-host': { status: 421, title: 'Wrong host' },
  failed: { status: 500, title: 'Failed' },
  'not-ready': { status: 503, title: 'Not ready' },
  overloaded: { status: 503, title: 'Overloaded' },
};

/** An answer in JSON. */
export function jsonAnswer(json: unknown, status = 200, fields: Fields = {}): AdminAnswer {
  return { kind: 'json', status, fields, json };
}

/** A problem document (RFC 9457). */
export function problemAnswer(problem: AdminProblem, detail: string, fields: Fields = {}): AdminAnswer {
  const { status, title } = problems[problem];
  const json = { type: `/.well-known/reverse-http/problems/${problem}`, title, status, detail };
  return { kind: 'json', status, fields: { 'Content-Type': 'application/problem+json', ...fields }, json };
}

/** The answer for what a handler threw; throws it again where the one who asked has no part in it. */
export function answerForError(error: unknown): AdminAnswer {
  if (!(error instanceof ReverseHttpError)) throw error;
  const { code, message } = error;
  if (code === 'bad-option') return problemAnswer('bad-request', message);
  if (code === 'body-too-large') return problemAnswer('body-too-large', message);
  if (code === 'timeout') return problemAnswer('overloaded', message, { 'Retry-After': '1' });
  throw error;
}
