import { isIP } from 'node:net';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { loopbackHosts, type ServerAddress, serverAddressOf } from '../client/server-address.js';

/**
 * Where requests are forwarded to: a port of this machine (`3000`), `host:port`, a URL (`http:` or `https:`; its path is put
 * before the path of each request), or a UNIX socket (`unix:/run/app.sock`).
 */
export type Origin = number | string | URL;

/** An {@link Origin} taken apart. Nothing that a request says changes any of it. */
export interface OriginAddress extends ServerAddress {
  /** For people: `127.0.0.1:3000`, `https://10.0.0.7`, `unix:/run/app.sock`. */
  readonly name: string;
  /** What `Host` is where it is rewritten. */
  readonly authority: string;
  /** Put before each path: empty, or `/base` without a slash at its end. */
  readonly basePath: string;
}

const expected = 'expected a port, host:port, an http: or https: URL, or unix:/path';

/**
 * Takes an origin apart.
 *
 * @throws ReverseHttpError `bad-option` for what is none.
 */
export function parseOrigin(origin: Origin): OriginAddress {
  if (typeof origin === 'number' || /^\d+$/.test(String(origin))) return ofPort(Number(origin));
  const text = String(origin);
  if (text.startsWith('unix:')) return ofSocket(text.slice('unix:'.length));
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  let url: URL;
  try {
    url = new URL(isUrl ? text : `http://${text}`);
  } catch {
    return bad(`"${text}" is not an address; ${expected}`);
  }
  if (!isUrl && (url.pathname !== '/' || text.includes('/'))) bad(`"${text}" is not an address; ${expected}`);
  return ofUrl(url, isUrl, text);
}

function ofPort(port: number): OriginAddress {
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) bad(`${port} is not a port; ports go from 1 to 65535`);
  return {
    name: `${loopbackHosts[0]}:${port}`,
    hosts: loopbackHosts,
    port,
    socketPath: undefined,
    secure: false,
    certificateName: 'localhost',
    authority: `localhost:${port}`,
    basePath: '',
  };
}

function ofSocket(socketPath: string): OriginAddress {
  if (socketPath === '' || socketPath.includes('\0')) bad('unix: is followed by no path of a socket');
  return {
    name: `unix:${socketPath}`,
    hosts: [],
    port: 0,
    socketPath,
    secure: false,
    certificateName: 'localhost',
    authority: 'localhost',
    basePath: '',
  };
}

function ofUrl(url: URL, isUrl: boolean, text: string): OriginAddress {
  const address = serverAddressOf(url);
  if (!address.secure && url.protocol !== 'http:') bad(`"${text}" has a scheme that is not forwarded to; ${expected}`);
  if (url.username !== '' || url.password !== '') bad('a user name in the URL is not sent; leave it out');
  if (url.search !== '' || url.hash !== '') bad(`"${text}" must end with its path: no query, no fragment`);
  const { hosts, port } = address;
  if (hosts[0] === '') bad(`"${text}" names no host`);
  if (port === 0) bad('0 is not a port; ports go from 1 to 65535');
  const shown = `${isIP(hosts[0]!) === 6 ? `[${hosts[0]}]` : hosts[0]}:${port}`;
  return {
    ...address,
    name: isUrl ? url.origin : shown,
    authority: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}

function bad(message: string): never {
  throw new ReverseHttpError('bad-option', `handler: ${message}`);
}
