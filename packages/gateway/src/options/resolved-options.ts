import type { AdminOptions } from '../admin/admin-options.js';
import type { Credentials } from '../credentials/credentials.js';
import type { AddressList } from '../policy/address-list.js';
import type { TargetRule } from '../policy/target-policies.js';
import type { DeadlinePolicy, TargetPolicy } from '../policy/target-policy.js';
import type { Route } from '../routing/route.js';
import type { AccessLogEntry, AccessLogOptions } from '../tap/access-log.js';
import type { GatewayEvent } from '../targets/status.js';

/** Limits of all visitors' listeners. */
export interface ListenerLimits {
  readonly maxHeadBytes: number;
  /** `Infinity`: as long as it comes. */
  readonly maxBodyBytes: number;
}

/** Deadlines of visitors' connections, ms. */
export interface ConnectionTimes {
  readonly headTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** What a listener says of deadlines; undefined: as elsewhere. */
export type ListenerDeadlines = { readonly [K in keyof (ConnectionTimes & DeadlinePolicy)]: number | undefined };

/** {@link ListenerOptions} with every default filled in. */
export interface ResolvedListener extends ListenerLimits {
  readonly host: string;
  readonly port: number;
  readonly routes: readonly Route[];
  readonly hosts: readonly string[] | undefined;
  readonly transparent: boolean;
  readonly tunnel: boolean;
  /** Whether targets of different owners may share the origin. */
  readonly sharedOrigin: 'trusted' | 'one-owner';
  readonly deadlines: ListenerDeadlines;
}

/** {@link GatewayOptions} with every default filled in. */
export interface ResolvedGatewayOptions {
  readonly publicUrl: string | undefined;
  readonly listeners: readonly ResolvedListener[];
  /** Undefined: no admin listener. */
  readonly admin: AdminOptions | undefined;
  /** Undefined: not said. */
  readonly auth: Credentials | undefined;
  /** File of tokens; undefined: none. */
  readonly tokensPath: string | undefined;
  readonly keepAliveMs: number;
  readonly maxKeepAliveMs: number;
  readonly startGraceMs: number;
  /** What holds for visitors' connections, where their listener says nothing else. */
  readonly connectionTimes: ConnectionTimes;
  readonly maxSessionsPerToken: number;
  readonly maxHellosPerSecond: number;
  /** Undefined: none are trusted. */
  readonly trustedProxies: AddressList | undefined;
  readonly policy: TargetPolicy;
  readonly rules: readonly TargetRule[];
  readonly log: AccessLogOptions;
  readonly onError: ((error: unknown) => void) | undefined;
  readonly onEvent: ((event: GatewayEvent) => void) | undefined;
  readonly accessLog: ((entry: AccessLogEntry) => void) | undefined;
  /** What holds for every listener, those included that are added later. */
  readonly listenerLimits: ListenerLimits;
}
