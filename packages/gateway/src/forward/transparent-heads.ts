import { Metadata } from '@reverse-http/protocol/exchange';
import {
  asksTunnel,
  copyBytes,
  copyFields,
  dropField,
  Field,
  fieldValue,
  latin1Bytes,
  writeLatin1,
} from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import type { Visit } from '../visit/visit.js';
import { dropNamed } from './drop-named.js';
import type { RequestHeads } from './request-head.js';

const version = latin1Bytes(' HTTP/1.1\r\n');

/**
 * Heads of a transparent listener: the server sees what it would see if the visitor were connected to it, but for what
 * speaks of the connection itself, which has no place in a session. Loops are not found: nothing is left that would
 * tell of them.
 *
 * @param defaultHost What HTTP/1.0 visitors that name no host are taken to have asked for (RFC 9112, section 3.2).
 */
export function createTransparentHeads(defaultHost: string): RequestHeads {
  return {
    isLoop: () => false,
    prepare,
    mostBytes(visit, match) {
      const { start, end } = visit.head;
      return end - start + version.length + linesOf(visit, match, true, defaultHost).length + 2;
    },
    write(visit, match, nameTarget, into, start) {
      const { head } = visit;
      let at = copyBytes(head.bytes, head.methodStart, head.methodEnd, into, start);
      into[at++] = 0x20;
      at = writeTarget(visit, match, into, at);
      at = copyBytes(version, 0, version.length, into, at);
      at = writeLatin1(linesOf(visit, match, nameTarget, defaultHost), into, at);
      return writeLatin1('\r\n', into, copyFields(head, into, at));
    },
  };
}

/** Metadata, which is for the connector alone. */
function linesOf({ head, peer, id }: Visit, match: RouteMatch, nameTarget: boolean, defaultHost: string): string {
  const scheme = peer.secure ? 'https' : 'http';
  return (
    (nameTarget ? `:${Metadata.Target} ${match.target}\r\n` : '') +
    `:${Metadata.Peer} ${peer.address} ${peer.port}\r\n:${Metadata.Scheme} ${scheme}\r\n` +
    (match.prefix === '' ? '' : `:${Metadata.Prefix} ${match.prefix}\r\n`) +
    `:${Metadata.Id} ${id}\r\n` +
    (head.hostIndex < 0 ? `Host: ${defaultHost}\r\n` : '')
  );
}

/** The target byte for byte, absolute-form included; a route that takes a prefix away leaves the path behind it. */
function writeTarget({ head }: Visit, { prefix }: RouteMatch, into: Uint8Array, at: number): number {
  const { bytes, targetStart, targetEnd, pathStart, pathEnd } = head;
  if (prefix === '') return copyBytes(bytes, targetStart, targetEnd, into, at);
  const start = pathStart + prefix.length;
  const rooted = start < pathEnd && bytes[start] === 0x2f;
  return copyBytes(bytes, start, pathEnd, into, rooted ? at : writeLatin1('/', into, at));
}

function prepare({ head, asksUpgrade }: Visit, { hides }: RouteMatch): void {
  if (hides !== undefined) dropNamed(head, hides);
  for (let i = 0; i < head.count; i++) {
    switch (head.ids[i]) {
      case Field.Connection:
      case Field.KeepAlive:
      case Field.TransferEncoding:
        dropField(head, i);
        break;
      case Field.Expect:
        // HTTP/1.0 knows no expectations, and what goes on is 1.1 (RFC 9110, section 10.1.1).
        if (head.minorVersion === 0) dropField(head, i);
        break;
      case Field.Upgrade:
        if (!asksUpgrade || asksTunnel(head)) dropField(head, i);
        break;
      case Field.Te:
        // Codings are between two ends of a connection; trailers survive (RFC 9110, section 10.1.4).
        if (fieldValue(head, i).toLowerCase() !== 'trailers') dropField(head, i);
        break;
    }
  }
}
