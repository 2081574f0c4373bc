import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { formatPosition, jsonOffset } from './json-offset.js';

/** One token as the file has it. Members of a newer version are kept when the file is written again. */
export interface TokenRecord {
  readonly id: string;
  /** SHA-256 of the whole token, hex. */
  readonly hash: string;
  /** Patterns of target ids. */
  readonly targets: readonly string[];
  readonly owner: string;
  /** ISO 8601, as all times here. */
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

/** Tokens in one file. */
export const maxTokens = 100_000;

const idPattern = /^[\w-]{1,64}$/;
const targetPattern = /^[A-Za-z0-9*](?:[A-Za-z0-9._*-]{0,61}[A-Za-z0-9*])?$/;
const ownerPattern = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
/** More stars in a pattern make matching it slow. */
const maxStars = 4;

type Path = readonly (string | number)[];
/** Tells what is wrong with a value; undefined when nothing is. */
type Check = (value: unknown) => string | undefined;

const checks: Readonly<Record<keyof TokenRecord, Check>> = {
  id: (value) => (isText(value, idPattern) ? undefined : 'expected 1 to 64 letters, digits, "_" or "-"'),
  hash: (value) => (isText(value, /^[0-9a-f]{64}$/) ? undefined : 'expected a SHA-256 in 64 hex digits, lower case'),
  targets: problemOfTargets,
  owner: problemOfOwner,
  createdAt: (value) => (isTime(value) ? undefined : timeExpected),
  expiresAt: (value) => (value === undefined || isTime(value) ? undefined : timeExpected),
  revokedAt: (value) => (value === undefined || isTime(value) ? undefined : timeExpected),
};
const timeExpected = 'expected a time such as "2026-11-24T10:00:00.000Z"';

/** What is wrong with a token's patterns of targets; undefined when nothing is. */
export function problemOfTargets(value: unknown): string | undefined {
  const fits = (pattern: unknown): boolean =>
    isText(pattern, targetPattern) && (pattern as string).split('*').length - 1 <= maxStars;
  if (Array.isArray(value) && value.length > 0 && value.every(fits)) return undefined;
  return `expected a list of target ids, "*" for any text in them (at most ${maxStars}), as ["line-4-*"]`;
}

/** What is wrong with an owner's name; undefined when nothing is. */
export function problemOfOwner(value: unknown): string | undefined {
  return isText(value, ownerPattern) ? undefined : 'expected 1 to 64 visible ASCII characters';
}

/**
 * Reads the text of a file of tokens.
 *
 * @param path names the file in errors
 * @throws ReverseHttpError `bad-option`, `tokens.json:3:7: what is wrong, what was expected`
 */
export function parseTokenFile(text: string, path: string): readonly TokenRecord[] {
  const fail = (at: Path, problem: string): never => {
    const place = at.length === 0 ? '' : `${formatPath(at)}: `;
    throw new ReverseHttpError(
      'bad-option',
      `${path}:${formatPosition(text, jsonOffset(text, at))}: ${place}${problem}`,
    );
  };
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return fail([], text.trim() === '' ? 'the file is empty, expected JSON' : 'this is not JSON');
  }
  if (!isObject(file)) return fail([], 'expected { "version": 1, "tokens": [...] }');
  if (file.version !== 1) fail(['version'], 'expected 1, the only version that this software knows');
  const { tokens } = file;
  if (!Array.isArray(tokens)) return fail(['tokens'], 'expected a list');
  if (tokens.length > maxTokens) fail(['tokens'], `at most ${maxTokens} tokens`);
  const ids = new Set<string>();
  for (const [index, token] of tokens.entries()) {
    checkToken(token, (name, problem) => fail(['tokens', index, ...name], problem));
    if (ids.size === ids.add(token.id).size) fail(['tokens', index, 'id'], 'a token above has this id');
  }
  return tokens;
}

/** The file's text. */
export function formatTokenFile(tokens: readonly TokenRecord[]): string {
  return `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`;
}

function checkToken(token: unknown, fail: (name: Path, problem: string) => never): asserts token is TokenRecord {
  if (!isObject(token)) return fail([], 'expected { "id", "hash", "targets", "owner", "createdAt" }');
  for (const name of Object.keys(checks) as (keyof TokenRecord)[]) {
    const problem = checks[name](token[name]);
    if (problem !== undefined) fail([name], problem);
  }
}

function formatPath(path: Path): string {
  return path.map((name, i) => (typeof name === 'number' ? `[${name}]` : i === 0 ? name : `.${name}`)).join('');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
