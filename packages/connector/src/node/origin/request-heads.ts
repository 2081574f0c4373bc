import { copyBytes, copyFields, dropField, Field, type Head, latin1Bytes } from '@reverse-http/protocol/http1';
import type { Slab } from '@reverse-http/protocol/pipe';
import { climbs } from './climbs.js';
import type { OriginAddress } from './origin-address.js';

/** How the origin is told where a request's body ends (RFC 9112, section 6.3). */
export type RequestFraming = 'none' | 'length' | 'chunked';

/** Writes the heads of requests as the origin gets them. */
export interface RequestHeads {
  /** Why a request cannot be forwarded; undefined when it can. */
  faultOf(head: Head): string | undefined;
  /** Writes one, into `block` where it has room; the result changes when that is written again, and else never. */
  write(head: Head, framing: RequestFraming, upgrade: boolean, block: Uint8Array | undefined): Uint8Array;
}

const version = latin1Bytes(' HTTP/1.1\r\n');
const hostName = latin1Bytes('Host: ');
const lineEnd = latin1Bytes('\r\n');
const chunkedLine = latin1Bytes('Transfer-Encoding: chunked\r\n');
const upgradeLine = latin1Bytes('Connection: Upgrade\r\n');
const teLine = latin1Bytes('Connection: TE\r\n');
const upgradeTeLine = latin1Bytes('Connection: Upgrade, TE\r\n');
const noBytes = new Uint8Array(0);
/** Room for what is added beside base path and host. */
const addedBytes = 128;
const slash = 0x2f;
const asterisk = 0x2a;

/**
 * @param hostHeader See `OriginOptions.hostHeader`.
 * @param slab Takes the heads that are given no block, or one that is too small.
 */
export function createRequestHeads(address: OriginAddress, hostHeader: string, slab: Slab): RequestHeads {
  const preserves = hostHeader === 'preserve';
  const ownHost = latin1Bytes(`Host: ${hostHeader === 'rewrite' || preserves ? address.authority : hostHeader}\r\n`);
  const base = latin1Bytes(address.basePath);

  /** The target in origin-form, whatever form it came in: only the path can be chosen, never where it goes. */
  function writeTarget(head: Head, into: Uint8Array, start: number): number {
    const { bytes, pathStart, pathEnd } = head;
    let at = copyBytes(base, 0, base.length, into, start);
    if (pathStart === pathEnd) into[at++] = slash;
    // `OPTIONS *` is about a server: with a base path, about what lies there.
    else if (bytes[pathStart] !== asterisk || base.length === 0) at = copyBytes(bytes, pathStart, pathEnd, into, at);
    return at;
  }

  function writeHost(head: Head, into: Uint8Array, start: number): number {
    const named = head.authorityEnd > head.authorityStart;
    if (preserves && !named && head.hostIndex >= 0) return start; // It is among the fields.
    if (head.hostIndex >= 0) dropField(head, head.hostIndex);
    if (!preserves || !named) return copyBytes(ownHost, 0, ownHost.length, into, start);
    // The target's own host counts, not the field (RFC 9112, section 3.2.2).
    let at = copyBytes(hostName, 0, hostName.length, into, start);
    at = copyBytes(head.bytes, head.authorityStart, head.authorityEnd, into, at);
    return copyBytes(lineEnd, 0, 2, into, at);
  }

  function writeHead(head: Head, framing: RequestFraming, upgrade: boolean, into: Uint8Array, start: number): number {
    const connection = connectionLine(head, upgrade);
    let at = copyBytes(head.bytes, head.methodStart, head.methodEnd, into, start);
    into[at++] = 0x20;
    at = writeTarget(head, into, at);
    at = copyBytes(version, 0, version.length, into, at);
    at = writeHost(head, into, at);
    at = copyFields(head, into, at);
    at = copyBytes(connection, 0, connection.length, into, at);
    if (framing === 'chunked') at = copyBytes(chunkedLine, 0, chunkedLine.length, into, at);
    return copyBytes(lineEnd, 0, 2, into, at);
  }

  return {
    faultOf({ bytes, pathStart, pathEnd }) {
      return base.length > 0 && climbs(bytes, pathStart, pathEnd) ? 'the path leaves the base path' : undefined;
    },
    write(head, framing, upgrade, block) {
      const most = head.end - head.start + base.length + ownHost.length + addedBytes;
      if (block && block.length >= most) return block.subarray(0, writeHead(head, framing, upgrade, block, 0));
      slab.reserve(most);
      const start = slab.at;
      slab.at = writeHead(head, framing, upgrade, slab.bytes, start);
      return slab.bytes.subarray(start, slab.at);
    },
  };
}

/** What our connection's hop says of itself, with what it must not pass on marked. */
function connectionLine(head: Head, upgrade: boolean): Uint8Array {
  const { ids, count } = head;
  let te = false;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (id === Field.Te) te = true;
    else if (id === Field.ProxyConnection || id === Field.Http2Settings || (id === Field.Upgrade && !upgrade)) {
      dropField(head, i);
    }
  }
  if (upgrade) return te ? upgradeTeLine : upgradeLine;
  return te ? teLine : noBytes;
}
