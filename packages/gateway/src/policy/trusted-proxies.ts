import { isIP } from 'node:net';
import { Field, fieldValue, type Head } from '@reverse-http/protocol/http1';
import type { Peer } from '../visit/visit.js';
import { type AddressList, withoutMapping } from './address-list.js';

/** Who sent a request that came from `peer`: the visitor that a trusted proxy speaks of, else the peer itself. */
export type VisitorOf = (peer: Peer, head: Head) => Peer;

/**
 * Believes `X-Forwarded-For` and `X-Forwarded-Proto` of the proxies that `trusts` knows. Each proxy adds whom it had the
 * request from at the end, so the list is read from there, as far as trusted proxies wrote it: what a visitor put before it is
 * never reached.
 */
export function createVisitorOf(trusts: AddressList): VisitorOf {
  return (peer, head) => {
    if (!trusts(peer.address)) return peer;
    const hops = listOf(head, Field.XForwardedFor);
    let address = peer.address;
    while (hops.length > 0 && trusts(address)) {
      const next = addressIn(hops.pop()!);
      if (next === undefined) break;
      address = next;
    }
    const scheme = listOf(head, Field.XForwardedProto).pop()?.toLowerCase();
    const secure = scheme === 'https' || (scheme !== 'http' && peer.secure);
    // The port there was is not told.
    return { address, port: address === peer.address ? peer.port : 0, secure, proxy: peer };
  };
}

function listOf(head: Head, id: number): string[] {
  const elements: string[] = [];
  for (let i = 0; i < head.count; i++) if (isField(head, i, id)) elements.push(...fieldValue(head, i).split(','));
  return elements.map((element) => element.trim()).filter((element) => element !== '');
}

/** Not under the names that CGI takes for the same: proxies set the one with hyphens, and pass others on. */
function isField({ ids, bytes, positions }: Head, index: number, id: number): boolean {
  return ids[index] === id && !bytes.subarray(positions[index * 4]!, positions[index * 4 + 1]!).includes(0x5f);
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`. */
function addressIn(text: string): string | undefined {
  const address = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(address) === 0 || address.includes('%') ? undefined : withoutMapping(address);
}
