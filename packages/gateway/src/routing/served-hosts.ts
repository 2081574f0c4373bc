import type { Head } from '@reverse-http/protocol/http1';
import { ByHostname } from './host-name.js';
import type { Route } from './route.js';

/** Names that always mean this machine. */
const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|(?:.+\.)?localhost)$/;

/** Which hosts a listener answers for: everything else is refused, so that no page can reach it by DNS rebinding. */
export interface ServedHosts {
  /** Whether the request names one of them. */
  serves(head: Head): boolean;
}

/**
 * @param hosts Names or addresses without port; undefined: those of `publicUrl` and of the routes, `*.localhost` and
 *   loopback addresses.
 */
export function createServedHosts(
  hosts: readonly string[] | undefined,
  publicUrl: string | undefined,
  routes: readonly Route[],
): ServedHosts {
  const names = new Set((hosts ?? []).map(bracketed));
  if (publicUrl !== undefined) names.add(new URL(publicUrl).hostname);
  const servesName = (name: string): boolean =>
    names.has(name) || (hosts === undefined && loopback.test(name)) || routes.some((route) => route.servesHost(name));
  // HTTP/1.0 knows requests without a host.
  const served = new ByHostname((hostname) => hostname === '' || servesName(hostname));
  return { serves: (head) => served.of(head) };
}

/** As a Host field has it: an IPv6 address in brackets. */
function bracketed(host: string): string {
  return (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host).toLowerCase();
}
