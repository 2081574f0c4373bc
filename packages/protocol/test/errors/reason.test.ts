import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Reason, reasons } from '../../src/errors/index.js';

/** Append-only within a major version: a line of this table is never changed. */
const published: Readonly<Record<Reason, number>> = {
  'no-route': 404,
  'unknown-target': 404,
  'wrong-host': 421,
  'visitor-refused': 403,
  'rate-limited': 429,
  'body-too-large': 413,
  'head-too-large': 431,
  'bad-request': 400,
  'no-connector': 503,
  'hold-full': 503,
  draining: 503,
  overloaded: 503,
  'connector-lost': 502,
  'bad-answer': 502,
  'origin-refused': 502,
  'handler-failed': 500,
  'first-byte-timeout': 504,
  'idle-timeout': 504,
  loop: 508,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'target-too-long': 414,
  'expectation-failed': 417,
  'not-implemented': 501,
  'version-not-supported': 505,
  'upgrade-failed': 502,
  'visitor-gone': 499,
};

test('reasons and their statuses are what was published', () => {
  const found = Object.entries(reasons).map(([reason, { status }]) => [reason, status]);
  expect(Object.fromEntries(found)).toEqual(published);
});

test('what waiting may mend says when to try again', () => {
  const waited = Object.entries(reasons).filter(([, { retryAfter }]) => retryAfter !== undefined);
  expect(waited.map(([reason]) => reason)).toEqual([
    'rate-limited',
    'no-connector',
    'hold-full',
    'draining',
    'overloaded',
  ]);
});

test('docs/answers.md has each that a visitor can get, with its status', () => {
  const page = readFileSync(new URL('../../../../docs/answers.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d{3}) \| `([\w-]+)` \|/gm)].map(([, status, reason]) => [
    reason,
    Number(status),
  ]);
  const { 'visitor-gone': _, ...visible } = published;
  expect(Object.fromEntries(rows)).toEqual(visible);
});
