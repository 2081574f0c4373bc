import { Metadata } from '@reverse-http/protocol/exchange';
import {
  copyBytes,
  copyFields,
  dropField,
  dropHopByHop,
  Field,
  fieldValue,
  findField,
  type Head,
  latin1Bytes,
  valueHasToken,
  writeLatin1,
} from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import type { Peer, Visit } from '../visit/visit.js';
import { dropNamed } from './drop-named.js';
import { countForward } from './max-forwards.js';

/** Writes the heads of requests as connectors get them. */
export interface RequestHeads {
  /** Whether the request went through this gateway before (RFC 9110, section 7.6.3). */
  isLoop(head: Head): boolean;
  /** Drops from a visitor's head what must not pass; once a visit. */
  prepare(visit: Visit, match: RouteMatch): void;
  /** Bytes that {@link write} takes at most. */
  mostBytes(visit: Visit, match: RouteMatch): number;
  /** Writes the head at `at`; returns the position after it. The target is named where a session serves several. */
  write(visit: Visit, match: RouteMatch, nameTarget: boolean, into: Uint8Array, at: number): number;
}

/** Lines that depend on the visitor's connection alone. */
interface PeerLines {
  readonly metadata: Uint8Array;
  readonly fields: Uint8Array;
}

const version = latin1Bytes(' HTTP/1.1\r\n');
const emptyPath = latin1Bytes('/');
const hostName = latin1Bytes('Host: ');
const forwardedHostName = latin1Bytes('X-Forwarded-Host: ');
const forwardedPrefixName = latin1Bytes('X-Forwarded-Prefix: ');
const targetName = latin1Bytes(`:${Metadata.Target} `);
const prefixName = latin1Bytes(`:${Metadata.Prefix} `);
const idName = latin1Bytes(`:${Metadata.Id} `);
const underscore = 0x5f;
/** Room for what is added beside prefix, target, id and authority. */
const addedBytes = 512;

/**
 * @param pseudonym Names this gateway in `Via`; must be its own, or another one would pass for a loop.
 * @param defaultHost What HTTP/1.0 visitors that name no host are taken to have asked for: HTTP/1.1 wants one (RFC 9112, section 3.2).
 */
export function createRequestHeads(pseudonym: string, defaultHost: string): RequestHeads {
  const defaultHostLine = latin1Bytes(`Host: ${defaultHost}\r\n`);
  const peers = new WeakMap<Peer, PeerLines>();
  const via = [0, 1].map((minor) => latin1Bytes(`Via: 1.${minor} ${pseudonym}\r\n`));

  function linesOf(peer: Peer): PeerLines {
    let lines = peers.get(peer);
    if (!lines) {
      lines = peerLines(peer);
      peers.set(peer, lines);
    }
    return lines;
  }

  return {
    isLoop(head) {
      for (let i = 0; i < head.count; i++) {
        if (head.ids[i] === Field.Via && fieldValue(head, i).includes(pseudonym)) return true;
      }
      return false;
    },
    prepare,
    mostBytes({ head, peer, id }, { prefix }) {
      const lines = linesOf(peer);
      const hosts = defaultHostLine.length + 2 * (authorityEnd(head) - authorityStart(head));
      const length = head.end - head.start + lines.metadata.length + lines.fields.length;
      return length + hosts + 2 * prefix.length + id.length + addedBytes;
    },
    write(visit, match, nameTarget, into, start) {
      const { head, peer, id } = visit;
      const { bytes } = head;
      const lines = linesOf(peer);
      const { prefix } = match;
      const host = authorityStart(head);
      const hostEnd = authorityEnd(head);
      let at = copyBytes(bytes, head.methodStart, head.methodEnd, into, start);
      into[at++] = 0x20;
      at = writePath(head, match, into, at);
      at = copyBytes(version, 0, version.length, into, at);
      if (nameTarget) at = writeText(targetName, match.target, into, at);
      at = copyBytes(lines.metadata, 0, lines.metadata.length, into, at);
      if (prefix !== '') at = writeText(prefixName, prefix, into, at);
      at = writeText(idName, id, into, at);
      if (head.authorityEnd > head.authorityStart) at = writeLine(hostName, bytes, host, hostEnd, into, at);
      else if (head.hostIndex < 0) at = copyBytes(defaultHostLine, 0, defaultHostLine.length, into, at);
      at = copyFields(head, into, at);
      at = copyBytes(via[head.minorVersion]!, 0, via[0]!.length, into, at);
      at = copyBytes(lines.fields, 0, lines.fields.length, into, at);
      if (peer.proxy) at = writeLatin1(missingLines(head, peer), into, at);
      if (hostEnd > host && !saidByProxy(head, peer, Field.XForwardedHost))
        at = writeLine(forwardedHostName, bytes, host, hostEnd, into, at);
      if (prefix !== '') at = writeText(forwardedPrefixName, prefix, into, at);
      into[at++] = 0x0d;
      into[at++] = 0x0a;
      return at;
    },
  };
}

// Names are bytes and values are copied where they stand: a line made by joining strings costs three times as much.

function writeLine(
  name: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
): number {
  return endLine(into, copyBytes(bytes, start, end, into, copyBytes(name, 0, name.length, into, at)));
}

function writeText(name: Uint8Array, text: string, into: Uint8Array, at: number): number {
  return endLine(into, writeLatin1(text, into, copyBytes(name, 0, name.length, into, at)));
}

function endLine(into: Uint8Array, at: number): number {
  into[at] = 0x0d;
  into[at + 1] = 0x0a;
  return at + 2;
}

/** Where host and port stand that the request is for: in the target, else in the Host field; empty when there is none. */
function authorityStart(head: Head): number {
  if (head.authorityEnd > head.authorityStart) return head.authorityStart;
  return head.hostIndex < 0 ? 0 : head.positions[head.hostIndex * 4 + 2]!;
}

function authorityEnd(head: Head): number {
  if (head.authorityEnd > head.authorityStart) return head.authorityEnd;
  return head.hostIndex < 0 ? 0 : head.positions[head.hostIndex * 4 + 3]!;
}

/** The rest of the path behind the prefix, byte for byte. */
function writePath(head: Head, match: RouteMatch, into: Uint8Array, at: number): number {
  const start = head.pathStart + match.prefix.length;
  const rooted = start < head.pathEnd && head.bytes[start] === 0x2f;
  return copyBytes(head.bytes, start, head.pathEnd, into, rooted ? at : copyBytes(emptyPath, 0, 1, into, at));
}

function prepare({ head, peer, asksUpgrade }: Visit, { hides }: RouteMatch): void {
  const { ids, count } = head;
  if (hides !== undefined) dropNamed(head, hides);
  const upgrade = asksUpgrade ? findField(head, Field.Upgrade) : -1;
  const te = findField(head, Field.Te);
  const trailers = te >= 0 && valueHasToken(head, te, 'trailers');
  dropHopByHop(head);
  if (upgrade >= 0) ids[upgrade] = Field.Upgrade;
  if (trailers && isExactly(head, te, 'trailers')) ids[te] = Field.Te;
  const replacesHost = head.authorityEnd > head.authorityStart;
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if ((isOurs(id) && !isProxys(head, i, peer)) || (replacesHost && id === Field.Host)) dropField(head, i);
    else if (id === Field.MaxForwards) countForward(head, i);
  }
}

/** What a trusted proxy may say, by the names that proxies use: under others of the same meaning it is a visitor who speaks. */
function isProxys({ ids, bytes, positions }: Head, index: number, { proxy }: Peer): boolean {
  if (!proxy) return false;
  switch (ids[index]) {
    case Field.Forwarded:
    case Field.XForwardedFor:
    case Field.XForwardedHost:
    case Field.XForwardedPort:
    case Field.XForwardedProto:
      return !bytes.subarray(positions[index * 4]!, positions[index * 4 + 1]!).includes(underscore);
    default:
      return false;
  }
}

function saidByProxy(head: Head, { proxy }: Peer, id: number): boolean {
  return proxy !== undefined && findField(head, id) >= 0;
}

/** What a trusted proxy left to be said. */
function missingLines(head: Head, peer: Peer): string {
  return saidByProxy(head, peer, Field.XForwardedProto)
    ? ''
    : `X-Forwarded-Proto: ${peer.secure ? 'https' : 'http'}\r\n`;
}

/** Fields that only the gateway may set, whatever a visitor says (RFC 7239, section 8.1). */
function isOurs(id: number): boolean {
  switch (id) {
    case Field.Forwarded:
    case Field.XForwardedFor:
    case Field.XForwardedHost:
    case Field.XForwardedPort:
    case Field.XForwardedPrefix:
    case Field.XForwardedProto:
    case Field.XForwardedServer:
    case Field.XRealIp:
    case Field.ClientCert:
    case Field.ClientCertChain:
      return true;
    default:
      return false;
  }
}

function isExactly(head: Head, index: number, lower: string): boolean {
  return fieldValue(head, index).toLowerCase() === lower;
}

/** The lists of those that the request came through gain who is at the other end, be it a proxy. */
function peerLines(peer: Peer): PeerLines {
  const { address, port, secure, proxy } = peer;
  const last = proxy ?? peer;
  const scheme = secure ? 'https' : 'http';
  // IPv6 is bracketed and quoted (RFC 7239, section 6).
  const node = last.address.includes(':') ? `"[${last.address}]"` : last.address;
  const proto = proxy ? '' : `X-Forwarded-Proto: ${scheme}\r\n`;
  return {
    metadata: latin1Bytes(`:${Metadata.Peer} ${address} ${port}\r\n:${Metadata.Scheme} ${scheme}\r\n`),
    fields: latin1Bytes(
      `Forwarded: for=${node};proto=${last.secure ? 'https' : 'http'}\r\nX-Forwarded-For: ${last.address}\r\n${proto}`,
    ),
  };
}
