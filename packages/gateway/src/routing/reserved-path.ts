import { type Head, latin1 } from '@reverse-http/protocol/http1';

const wellKnown = '/.well-known/';
/**
 * What below `/.well-known/` no target may have where it shares the listener: the gateway's own endpoints, and the proof of
 * who owns the host name (RFC 8555, section 8.3), with which a target could get a certificate for the gateway.
 */
const reserved: readonly string[] = ['/.well-known/reverse-http/', '/.well-known/acme-challenge/'];

/** Whether a request is for a path that is the gateway's: asked for every request, before routing. */
export function isReservedPath({ bytes, pathStart, pathEnd }: Head): boolean {
  // No string is made for what nearly all requests are for.
  if (pathEnd - pathStart < wellKnown.length || bytes[pathStart + 1] !== 0x2e) return false;
  return reserved.some((path) => latin1(bytes, pathStart, Math.min(pathEnd, pathStart + path.length)) === path);
}
