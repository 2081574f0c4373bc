import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { type ServerAddress, serverAddressOf } from '../client/server-address.js';

/** An HTTP proxy that the way to a gateway leads through. */
export interface OutboundProxy {
  readonly address: ServerAddress;
  /** Its URL for people: without name and password. */
  readonly name: string;
  /** Value of `Proxy-Authorization` (RFC 9110, section 11.7.2; RFC 7617). */
  readonly authorization: string | undefined;
}

/**
 * Takes a proxy's URL apart. `proxy.example.com:3128` is one too: as such the variables of the environment often name it.
 *
 * @param source What the text comes from. An error names that, and never the text, which may hold a password.
 * @throws ReverseHttpError `bad-option`
 */
export function parseProxy(text: string, source: string): OutboundProxy {
  const fail = (what: string): never => {
    throw new ReverseHttpError('bad-option', `${source}: ${what}`);
  };
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(full))
    return fail('is not the URL of a proxy; expected something like http://proxy.example.com:3128');
  const url = new URL(full);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return fail(`there are no ${url.protocol} proxies here; expected something like http://proxy.example.com:3128`);
  const name = decoded(url.username);
  const password = decoded(url.password);
  // The first colon ends the name (RFC 7617, section 2).
  if (name === undefined || password === undefined || name.includes(':'))
    return fail('name and password must be percent-encoded, and the name must have no colon');
  const pair = Buffer.from(`${name}:${password}`).toString('base64');
  return {
    address: serverAddressOf(url),
    name: url.origin,
    authorization: name === '' && password === '' ? undefined : `Basic ${pair}`,
  };
}

/** A proxy answered 407, or 401 in its place: what is to be done about it. */
export function wantsCredentials({ name, authorization }: OutboundProxy, status: number): string {
  return authorization === undefined
    ? `the proxy ${name} asks for a name and a password (HTTP ${status}): put them into its URL, as in ${name.replace('//', '//NAME:PASSWORD@')}`
    : `the proxy ${name} does not take the name and password of its URL (HTTP ${status})`;
}

/** No connection to a proxy can be made: what is wrong with it. */
export function troubleWith({ name }: OutboundProxy, { code = '', message }: NodeJS.ErrnoException): string {
  if (/wrong version number|packet length too long/.test(message))
    return `the proxy ${name} speaks no TLS (http: in place of https:?)`;
  if (/certificate|altnames/i.test(message))
    return `the proxy ${name} is not trusted (${message}): name who signed its certificate by NODE_EXTRA_CA_CERTS`;
  return `the proxy ${name} cannot be reached (${code || message})`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
