/** What was typed for `rhttp connect`, or stood in the environment. */
export interface ConnectFlags {
  readonly target?: string;
  readonly gateway?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly transport?: 'auto' | 'websocket' | 'poll';
  readonly config?: string;
  readonly hostHeader?: string;
  readonly originCa?: string;
  readonly originInsecure?: boolean;
  readonly caFile?: string;
  /** URL of an outbound proxy, perhaps with a password, or `off`. */
  readonly proxy?: string;
  /** ms; undefined: what the gateway has. */
  readonly keepAlive?: number | 'auto';
  readonly readyFile?: string;
  readonly allowCleartext?: boolean;
  readonly onRefused?: 'exit' | 'retry';
  readonly replica?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly json?: boolean;
  /** Have their place, and come later. */
  readonly pin?: string;
  readonly printSystemd?: boolean;
}

/** Which of them were typed, for everybody on the machine to read. */
export type TypedSecrets = Pick<ConnectFlags, 'token' | 'tokenFile' | 'proxy'>;

/** One server to connect. */
export interface Site {
  /** Undefined: none was named. */
  readonly target: string | undefined;
  /** A port, `host:port`, a URL or `unix:PATH`, as it was typed. */
  readonly to: string;
  readonly hostHeader: string | undefined;
  /** File of authorities. */
  readonly originCa: string | undefined;
  readonly originInsecure: boolean;
}
