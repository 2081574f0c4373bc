import { ReverseHttpError } from '@reverse-http/protocol/errors';

/** Whether the origin takes connections, as it was found last. */
export type OriginState =
  | { readonly state: 'reachable' }
  | {
      readonly state: 'refused';
      /** Node's own code where there is one: `ECONNREFUSED`, `ENOTFOUND`, `DEPTH_ZERO_SELF_SIGNED_CERT`, ... */
      readonly code: string;
      /** One line for people: what is wrong, and what visitors get until it is mended. */
      readonly message: string;
    };

/** Settings for forwarding to a URL, a port or a UNIX socket. */
export interface OriginOptions {
  /**
   * The `Host` field that the origin gets: `preserve` what the visitor sent, `rewrite` to the origin's own, or a name that
   * is sent instead. Default `preserve`. The name a certificate must be for is the URL's host in any case.
   */
  readonly hostHeader?: string;
  /** Authorities (PEM) that may have signed the certificate of an `https:` origin. Default: those that Node trusts. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** Takes any certificate of an `https:` origin, so that anybody on the way can be it. Default false. */
  readonly insecure?: boolean;
  /**
   * Connections at a time, upgraded ones not counted; further requests wait for one that is free (not more than the session
   * has exchanges). Default 256.
   */
  readonly maxConnections?: number;
  /**
   * How long a connection is kept for the next request, ms; less where the origin says so (`Keep-Alive: timeout=2`). Default
   * 4000, under the 5 s after which Node's own servers close.
   */
  readonly idleTimeoutMs?: number;
  /** How long connecting may take, with TLS, ms; then visitors get 502 `origin-refused`. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Hears whether the origin takes connections: at the first one, and at each change. */
  readonly onState?: (state: OriginState) => void;
}

/** Checked {@link OriginOptions} with everything filled in. */
export interface ResolvedOriginOptions {
  readonly hostHeader: string;
  readonly ca: (string | Buffer)[] | undefined;
  readonly insecure: boolean;
  readonly maxConnections: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onState: ((state: OriginState) => void) | undefined;
}

const hostField = /^(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * Checks {@link OriginOptions} and fills in the defaults.
 *
 * @throws ReverseHttpError `bad-option`, naming the option.
 */
export function resolveOriginOptions(options: OriginOptions = {}): ResolvedOriginOptions {
  const { hostHeader = 'preserve', ca, insecure = false, onState } = options;
  if (typeof hostHeader !== 'string' || !hostField.test(hostHeader)) {
    bad(`hostHeader: "${hostHeader}" is not a host; use preserve, rewrite, or a name with or without a port`);
  }
  if (typeof insecure !== 'boolean') bad('insecure: must be true or false');
  if (onState !== undefined && typeof onState !== 'function') bad('onState: must be a function');
  return {
    hostHeader,
    ca: ca === undefined ? undefined : authorities(ca),
    insecure,
    maxConnections: atLeast('maxConnections', options.maxConnections ?? 256, 1),
    idleTimeoutMs: atLeast('idleTimeoutMs', options.idleTimeoutMs ?? 4000, 0),
    connectTimeoutMs: atLeast('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1),
    onState,
  };
}

function authorities(ca: NonNullable<OriginOptions['ca']>): (string | Buffer)[] {
  const list = typeof ca === 'string' || ca instanceof Uint8Array ? [ca] : [...ca];
  return list.map((entry) => {
    if (typeof entry === 'string') return entry;
    if (entry instanceof Uint8Array) return Buffer.from(entry);
    return bad('ca: must be PEM, as text or bytes');
  });
}

function atLeast(name: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least) bad(`${name}: must be a whole number, ${least} or more`);
  return value;
}

function bad(message: string): never {
  throw new ReverseHttpError('bad-option', `origin.${message}`);
}
