import type { GatewayOptions, ListenerOptions } from '@reverse-http/gateway';
import { addressOf, isAny, isLoopbackHost } from '../listen-address.js';

/** What was typed for `rhttp gateway`, or stood in the environment. */
export interface GatewayFlags {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly admin?: { readonly host: string; readonly port: number } | 'off';
  readonly auth?: 'none';
  readonly publicUrl?: string;
  readonly json?: boolean;
}

const defaultAdmin = { host: '127.0.0.1', port: 8081 };

/** The configuration with the flags laid over it: they speak of its first listener. */
export function settingsOf(flags: GatewayFlags, config: GatewayOptions): GatewayOptions {
  const [first = {}, ...others] = config.listeners ?? [];
  const listener = laidOver(flags, first);
  const publicUrl = flags.publicUrl ?? config.publicUrl ?? localUrl(listener, others.length);
  return {
    ...config,
    listeners: [listener, ...others],
    admin: flags.admin ?? config.admin ?? defaultAdmin,
    ...(flags.auth === undefined ? {} : { auth: flags.auth }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
  };
}

function laidOver({ host, port }: GatewayFlags, listener: ListenerOptions): ListenerOptions {
  if (host === undefined && port === undefined) return listener;
  const { address: _, ...rest } = listener;
  const stands = addressOf(listener);
  return { ...rest, host: host ?? stands.host, port: port ?? stands.port };
}

/**
 * What people type into a browser on this machine. Of several listeners each is reached by its own address, and of a port
 * that is still to be chosen nothing is known.
 */
function localUrl(listener: ListenerOptions, others: number): string | undefined {
  const { host, port } = addressOf(listener);
  if (others > 0 || port === 0 || !(isLoopbackHost(host) || isAny(host))) return undefined;
  return `http://localhost:${port}`;
}
