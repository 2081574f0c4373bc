import { BlockList, isIP } from 'node:net';
import { isLoopback } from '../../connect-options.js';
import { parseProxy } from './outbound-proxy.js';

/** Variables of a process. */
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that a process's environment names for the way to a gateway, and that {@link connect} takes where it is given
 * none: `HTTPS_PROXY` for an `https:` URL, `HTTP_PROXY` for an `http:` one, in small letters too, and those win. Undefined
 * for a gateway on this machine and for what `NO_PROXY` names.
 *
 * @param env Default: `process.env`.
 * @returns Its URL, as it stands there, perhaps with a password.
 * @throws ReverseHttpError `bad-option`, naming the variable, for what is no URL of a proxy
 */
export function proxyFromEnvironment(gateway: string, env: Environment = process.env): string | undefined {
  const url = new URL(gateway);
  if (isLoopback(url) || isExempt(url, env.no_proxy || env.NO_PROXY || '')) return undefined;
  const small = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const name = env[small] ? small : small.toUpperCase();
  // In a CGI program HTTP_PROXY is what the visitor sent as the field `Proxy` (https://httpoxy.org).
  if (name === 'HTTP_PROXY' && env.REQUEST_METHOD !== undefined) return undefined;
  const text = env[name];
  if (!text) return undefined;
  parseProxy(text, name);
  return text;
}

/** Whether a list such as `localhost, .example.com, 10.0.0.0/8, gw.example.org:8443` names a URL's host. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || names(entry, host, port));
}

function names(entry: string, host: string, port: string): boolean {
  const [, place = entry, ofPort = port] = /^([^:]*|\[.*\]):(\d+)$/.exec(entry) ?? [];
  if (ofPort !== port) return false;
  const name = place.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return name === host || isInNetwork(name, host);
  // A name stands for those below it too, as most programs have it.
  const domain = name.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function isInNetwork(network: string, host: string): boolean {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d+)$/.exec(network) ?? [];
  const kind = isIP(address);
  if (kind === 0 || Number(prefix) > (kind === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), kind === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
