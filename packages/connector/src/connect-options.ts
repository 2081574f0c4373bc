import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type Clock, isTargetId } from '@reverse-http/protocol/session';
import type { ConnectionState } from './connection.js';

/** Where lines for people go; `console` is one. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A token, or who gives it: asked before each hello, so that a rotated one is found. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);

/** Settings of `connect()`; `Request` is what the handler kind calls a request. */
export interface ConnectOptions<Request = unknown> {
  /** URL of the gateway (`http:` or `https:`), or several, tried in turn. A path is kept. */
  readonly gateway: string | readonly string[];
  /** Target id or ids served (at most 64): a letter or digit, up to 63 of `A-Za-z0-9._-`, ending in a letter or digit. */
  readonly target: string | readonly string[];
  /** Shows the gateway that this connector may serve the target. Default: none is sent. */
  readonly token?: TokenSource;
  /** What carries the session. Default `auto`: begins with polling, which works everywhere, and moves to a WebSocket when one works. */
  readonly transport?: 'auto' | 'websocket' | 'poll';
  /** Name of this instance of the server, up to 64 characters; the newest of a name wins. Default: random for each call. */
  readonly replica?: string;
  /** Texts shown with the connector in the gateway's lists: at most 32, names up to 64, values up to 256 characters. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Silence before a sign of life is asked for, ms; the gateway may decide otherwise. Default: the gateway's, 15,000. */
  readonly keepAlive?: number;
  /** Aborting it aborts the connection with its reason. */
  readonly signal?: AbortSignal;
  /** Takes changes and trouble as lines. Default: warnings and errors go to `console`; false: none do. */
  readonly logger?: Logger | false;
  /** Hears every change of state. */
  readonly onState?: (state: ConnectionState, previous: ConnectionState) => void;
  /**
   * Hears of failed handlers, with their request; and, without one, of trouble with the gateway: of each error code once
   * until the next `ready`. Default: failed handlers go to the logger's `error`. Trouble with the gateway is a line for
   * the logger's `warn` in any case.
   */
  readonly onError?: (error: unknown, request: Request | undefined) => void;
  /**
   * What to do about a refusal that trying again does not mend, as of a wrong token: `close`, or `retry` after a minute,
   * doubling to 15. Default `close`.
   */
  readonly onRefused?: 'close' | 'retry';
  /**
   * Requests answered at a time, a whole number from 1 on: more are refused as `overloaded` before the handler hears of them, so
   * that the gateway may give them to another replica, else answer 503. Default: as many as the gateway allows.
   */
  readonly maxConcurrent?: number;
  /** Lets a token travel over plain `http:` to a host that is not loopback. Default false. */
  readonly allowCleartext?: boolean;
  /**
   * What every wait is measured by, for tests: `@reverse-http/gateway/testing` gives one that moves when it is told to.
   * Default: the runtime's.
   */
  readonly clock?: Clock;
}

/** Checked {@link ConnectOptions} with everything filled in. */
export interface ResolvedConnectOptions<Request = unknown> {
  readonly gateways: readonly [string, ...string[]];
  readonly targets: readonly [string, ...string[]];
  readonly token: TokenSource | undefined;
  readonly replica: string | undefined;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly keepAliveMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger;
  readonly onState: ((state: ConnectionState, previous: ConnectionState) => void) | undefined;
  readonly onError: ((error: unknown, request: Request | undefined) => void) | undefined;
  readonly onRefused: 'close' | 'retry';
  readonly maxConcurrent: number;
}

/** Every option that there is for all kinds of handlers. */
const names: Readonly<Record<keyof ConnectOptions, true>> = {
  gateway: true,
  target: true,
  token: true,
  transport: true,
  replica: true,
  labels: true,
  keepAlive: true,
  signal: true,
  logger: true,
  onState: true,
  onError: true,
  onRefused: true,
  maxConcurrent: true,
  allowCleartext: true,
  clock: true,
};
/** A welcome has 16 KiB, and tells up to two URLs of each. */
const maxTargets = 64;
const silent: Logger = { info() {}, warn() {}, error() {} };

function bad(message: string): never {
  throw new ReverseHttpError('bad-option', message);
}

/**
 * Checks the options of `connect()` and fills in the defaults.
 *
 * @param more Names of options that this `connect()` has beside the common ones.
 * @throws ReverseHttpError `bad-option`, naming the option.
 */
export function resolveConnectOptions<Request>(
  options: ConnectOptions<Request>,
  defaultLogger: Logger,
  more: readonly string[] = [],
): ResolvedConnectOptions<Request> {
  if (typeof options !== 'object' || options === null) bad('options: give an object with gateway and target');
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name) && !more.includes(name)) {
      bad(`${name}: there is no such option, but ${[...Object.keys(names), ...more].join(', ')}`);
    }
  }
  const { transport = 'auto', keepAlive, onRefused = 'close', logger = defaultLogger } = options;
  const { maxConcurrent = Number.POSITIVE_INFINITY } = options;
  const gateways = listOf(options.gateway, 'gateway').map(normaliseGateway);
  const targets = listOf(options.target, 'target');
  if (targets.length > maxTargets)
    bad(`target: ${targets.length} of them; one connection serves at most ${maxTargets}`);
  for (const target of targets) if (!isTargetId(target)) bad(`target: "${target}" is not a target id`);
  if (transport !== 'auto' && transport !== 'websocket' && transport !== 'poll')
    bad(`transport: "${transport}" is not there; use auto, websocket or poll`);
  if (keepAlive !== undefined && !(Number.isSafeInteger(keepAlive) && keepAlive >= 100)) {
    bad('keepAlive: must be a whole number of milliseconds, 100 or more');
  }
  if (onRefused !== 'close' && onRefused !== 'retry') bad('onRefused: must be close or retry');
  if (!(maxConcurrent >= 1 && (Number.isSafeInteger(maxConcurrent) || maxConcurrent === Number.POSITIVE_INFINITY)))
    bad('maxConcurrent: must be a whole number, 1 or more');
  if (options.replica !== undefined && (options.replica === '' || options.replica.length > 64)) {
    bad('replica: must have 1 to 64 characters');
  }
  assertToken(options.token);
  assertClock(options.clock);
  if (options.token !== undefined && !options.allowCleartext) gateways.forEach(assertConfidential);
  return {
    gateways: gateways as [string, ...string[]],
    targets: targets as [string, ...string[]],
    token: options.token,
    replica: options.replica,
    labels: checkLabels(options.labels),
    keepAliveMs: keepAlive,
    signal: options.signal,
    logger: logger === false ? silent : logger,
    onState: options.onState,
    onError: options.onError,
    onRefused,
    maxConcurrent,
  };
}

/** Whether a URL's host is this machine. */
export function isLoopback(url: URL): boolean {
  const { hostname } = url;
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d+){3}$/.test(hostname)
  );
}

function listOf(value: string | readonly string[] | undefined, name: string): string[] {
  const list = typeof value === 'string' ? [value] : Array.isArray(value) ? [...value] : [];
  if (list.length === 0 || list.some((entry) => typeof entry !== 'string' || entry === '')) bad(`${name}: is missing`);
  return list;
}

/** The URL without query and fragment, with a slash at its end. */
function normaliseGateway(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return bad(`gateway: "${text}" is not a URL; expected something like https://gw.example.com`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') bad(`gateway: "${text}" must begin with http: or https:`);
  if (url.username !== '' || url.password !== '') bad('gateway: a URL with a user name is not allowed; use token');
  return `${url.origin}${url.pathname.replace(/\/*$/, '')}/`;
}

function assertToken(token: unknown): void {
  if (token !== undefined && typeof token !== 'string' && typeof token !== 'function')
    bad('token: must be a text, or a function that gives one');
}

function assertClock(clock: Partial<Clock> | undefined): void {
  if (clock !== undefined && (typeof clock.now !== 'function' || typeof clock.setTimer !== 'function'))
    bad('clock: must have now() and setTimer(fn, ms)');
}

function assertConfidential(gateway: string): void {
  const url = new URL(gateway);
  if (url.protocol === 'http:' && !isLoopback(url)) {
    bad(`token: would travel in the clear to ${url.origin}; use https, or set allowCleartext`);
  }
}

function checkLabels(
  labels: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (labels === undefined) return undefined;
  const entries = Object.entries(labels);
  if (entries.length > 32) bad('labels: more than 32');
  for (const [name, text] of entries) {
    if (name.length > 64 || typeof text !== 'string' || text.length > 256)
      bad(`labels: "${name}" is too long, or no text`);
  }
  return { ...labels };
}
