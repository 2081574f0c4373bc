import { defaultHeadLimits, type HeadLimits } from '@reverse-http/protocol/http1';

/** Settings of an HTTP/1.1 listener. */
export interface Http1FrontOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port; 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Bounds of a request's head; beyond them 414 or 431. Default 32 KiB, target 16 KiB, 200 fields. */
  readonly headLimits?: HeadLimits;
  /** Time for a head to come whole, ms; 408 after it. Default 10,000. */
  readonly headTimeoutMs?: number;
  /**
   * How long a connection may wait for its next request, and a visitor leave untaken the answers that keep its next
   * request waiting (or the last one), ms; closed after it. Default 65,000.
   */
  readonly keepAliveMs?: number;
  /** Connections at a time, those of connectors included; more are closed at once. Default 16,384. */
  readonly maxConnections?: number;
}

/** {@link Http1FrontOptions} with every default filled in. */
export type ResolvedHttp1FrontOptions = Required<Http1FrontOptions>;

/** Fills in the defaults. */
export function resolveHttp1FrontOptions(options: Http1FrontOptions): ResolvedHttp1FrontOptions {
  return {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    headLimits: options.headLimits ?? defaultHeadLimits,
    headTimeoutMs: options.headTimeoutMs ?? 10_000,
    keepAliveMs: options.keepAliveMs ?? 65_000,
    maxConnections: options.maxConnections ?? 16_384,
  };
}
