import { isSessionCode, type SessionCode } from '../errors/index.js';
import { latin1, latin1Bytes } from '../http1/index.js';
import { MessageKind } from '../pipe/index.js';

/** Versions of the protocol that this code speaks. */
export const protocolVersions: readonly number[] = [1];

/** Longest hello, welcome, refuse or close message, bytes. */
export const maxControlMessageBytes: number = 16 * 1024;

/** Longest wait that a refuse or close message can ask for, ms. Timers overflow beyond 2^31 ms, and fire at once. */
const maxRetryAfterMs = 3_600_000;

/** Longest times that a welcome can set, ms; for the same reason. */
const maxWelcomeMs = 86_400_000;

/** One target a session serves, and the name of the instance that serves it. */
export interface HelloTarget {
  readonly target: string;
  readonly replica: string;
}

/** First message of a connector on every transport. */
export interface Hello {
  readonly versions: readonly number[];
  /** Free text for people: name and version of the software. */
  readonly agent: string;
  /** 128 random bits in hex, made once a session by the connector: whoever repeats it is the same connector. */
  readonly key: string;
  /** Counts the transports of this session: the gateway refuses a lower one than it has seen as `stale`. */
  readonly attach: number;
  readonly token?: string;
  readonly targets: readonly HelloTarget[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Wished silence before a sign of life is asked for, ms. */
  readonly keepAliveMs?: number;
  /** Out-of-order bytes that this end is ready to hold: the other has no more data unacked. Default 16 MiB. */
  readonly maxUnackedBytes?: number;
  /** Names of optional abilities, see {@link features}. */
  readonly features: readonly string[];
  /** To go on with a session after its transport was lost. */
  readonly resume?: { readonly session: string; readonly offset: number };
  /** Only asks whether the place is free; never fences. */
  readonly standby?: boolean;
}

/** Abilities that both sides must name before either uses them. */
export const features = { zeroMask: 'zero-mask' } as const;

/** The gateway's answer when it takes the connector. */
export interface Welcome {
  readonly version: number;
  /** `nodeId.random`; the node id is fresh for each start of a gateway. */
  readonly session: string;
  /** What the gateway has processed of the connector's byte stream: 0 for a new session. */
  readonly offset: number;
  /** Silence before a sign of life is asked for, ms; at most a day. */
  readonly keepAliveMs: number;
  /** How long a session outlives its last transport, ms; at most a day. */
  readonly resumeMs: number;
  readonly maxStreams: number;
  /** As in {@link Hello}. */
  readonly maxUnackedBytes?: number;
  readonly features: readonly string[];
  /** Public URLs of each target, the first the preferred one. */
  readonly urls: Readonly<Record<string, readonly string[]>>;
  readonly notices: readonly string[];
}

/** The gateway's answer when it does not, and either side's last word in a session. */
export interface Goodbye {
  readonly code: SessionCode;
  /** One sentence for people. */
  readonly message: string;
  /** No hello sooner, ms; more than an hour reads as an hour. */
  readonly retryAfterMs?: number;
}

/** Encodes a message outside the byte streams: its kind, then JSON in ASCII (anything else as \\u escapes). */
export function encodeControl(kind: number, value: Hello | Welcome | Goodbye): Uint8Array {
  const text = JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return latin1Bytes(String.fromCharCode(kind) + text);
}

/** The object of a message; names that are not in it read as undefined, whatever they are called. */
function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  if (bytes.length > maxControlMessageBytes) return undefined;
  try {
    const value: unknown = JSON.parse(latin1(bytes, 1, bytes.length));
    return isObject(value) ? Object.assign(Object.create(null), value) : undefined;
  } catch {
    return undefined; // Not JSON, or nested too deeply for the parser.
  }
}

/** Reads a hello; undefined for anything that is not one. Fields that are not known are left out. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  const value = bytes[0] === MessageKind.Hello ? parseObject(bytes) : undefined;
  if (!value) return undefined;
  const { versions, agent, key, attach, token, targets, labels, keepAliveMs, maxUnackedBytes, resume, standby } = value;
  if (!Array.isArray(versions) || !versions.every(isCount) || !isText(agent, 256) || !isCount(attach)) return undefined;
  if (!isText(key, 64) || key.length < 32 || !isOptional(token, (t) => isText(t, 4096))) return undefined;
  if (!Array.isArray(targets) || targets.length > 256 || !targets.every(isHelloTarget)) return undefined;
  if (!isOptional(labels, isLabels) || !isOptional(standby, isBoolean) || !isOptional(resume, isResume))
    return undefined;
  if (!isOptional(keepAliveMs, isCount) || !isOptional(maxUnackedBytes, isCount)) return undefined;
  const hello: Record<string, unknown> = { versions, agent, key, attach, features: textList(value.features) };
  hello.targets = targets.map(({ target, replica }: HelloTarget) => ({ target, replica }));
  const optional = { token, keepAliveMs, maxUnackedBytes, standby };
  for (const [name, entry] of Object.entries(optional)) if (entry !== undefined) hello[name] = entry;
  if (labels) hello.labels = Object.assign(Object.create(null), labels);
  if (isResume(resume)) hello.resume = { session: resume.session, offset: resume.offset };
  return hello as unknown as Hello;
}

/** Reads a welcome; undefined for anything that is not one. Fields that are not known are left out. */
export function decodeWelcome(bytes: Uint8Array): Welcome | undefined {
  const value = bytes[0] === MessageKind.Welcome ? parseObject(bytes) : undefined;
  if (!value) return undefined;
  const { session, version, offset, keepAliveMs, resumeMs, maxStreams, maxUnackedBytes } = value;
  if (!isText(session, 256) || !isCount(version) || !isCount(offset)) return undefined;
  if (!isCount(keepAliveMs) || !isCount(resumeMs) || !isCount(maxStreams)) return undefined;
  if (!isOptional(maxUnackedBytes, isCount)) return undefined;
  return {
    version,
    session,
    offset,
    keepAliveMs: Math.min(keepAliveMs, maxWelcomeMs),
    resumeMs: Math.min(resumeMs, maxWelcomeMs),
    maxStreams,
    ...(isCount(maxUnackedBytes) ? { maxUnackedBytes } : {}),
    urls: urlsOf(value.urls),
    features: textList(value.features),
    notices: textList(value.notices),
  };
}

/** By target; without a prototype, for a target may be called anything. */
function urlsOf(value: unknown): Readonly<Record<string, readonly string[]>> {
  const urls: Record<string, readonly string[]> = Object.create(null);
  if (isObject(value)) for (const [target, list] of Object.entries(value)) urls[target] = textList(list);
  return urls;
}

/** Reads a refuse or close message; an unknown code (a newer peer's) reads as `closed`. */
export function decodeGoodbye(bytes: Uint8Array): Goodbye {
  const value = parseObject(bytes) ?? {};
  const { code, message, retryAfterMs } = value;
  return {
    code: isSessionCode(code) ? code : 'closed',
    message: isText(message, 1024) ? message : '',
    ...(isCount(retryAfterMs) ? { retryAfterMs: Math.min(retryAfterMs, maxRetryAfterMs) } : {}),
  };
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isOptional(value: unknown, test: (value: unknown) => boolean): boolean {
  return value === undefined || test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHelloTarget(value: unknown): value is HelloTarget {
  return isObject(value) && isText(value.target, 64) && isText(value.replica, 64);
}

function isResume(value: unknown): value is NonNullable<Hello['resume']> {
  return isObject(value) && isText(value.session, 256) && isCount(value.offset);
}

function isLabels(value: unknown): value is Record<string, string> {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length <= 32 && entries.every(([name, text]) => name.length <= 64 && isText(text, 256));
}

function textList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => isText(entry, 1024)).slice(0, 64) : [];
}
