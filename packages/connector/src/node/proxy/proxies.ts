import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { proxyFromEnvironment } from './environment.js';
import { type OutboundProxy, parseProxy } from './outbound-proxy.js';

/** Which gateways are dialled through a proxy, by their origin. */
export type Proxies = ReadonlyMap<string, OutboundProxy>;

/**
 * Decides for each gateway whether a proxy stands before it.
 *
 * @param option A proxy for all of them; `false` for none; undefined: what the environment says.
 * @throws ReverseHttpError `bad-option`, without what may be a password
 */
export function proxiesFor(gateways: readonly string[], option: unknown, env: NodeJS.ProcessEnv): Proxies {
  if (option !== undefined && option !== false && typeof option !== 'string' && !(option instanceof URL))
    throw new ReverseHttpError('bad-option', 'proxy: must be a URL, or false');
  const proxies = new Map<string, OutboundProxy>();
  if (option === false) return proxies;
  for (const gateway of gateways) {
    const url = option === undefined ? proxyFromEnvironment(gateway, env) : String(option);
    if (url !== undefined) proxies.set(new URL(gateway).origin, parseProxy(url, 'proxy'));
  }
  return proxies;
}
