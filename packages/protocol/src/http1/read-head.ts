import { equalsIgnoringCase } from './field.js';
import type { Head } from './head.js';
import { latin1, latin1Bytes } from './latin1.js';
import { elementEnd, skipSpace, trimSpace } from './list-element.js';

/** The method. */
export function methodOf(head: Head): string {
  return latin1(head.bytes, head.methodStart, head.methodEnd);
}

const lowerConnect = latin1Bytes('connect');

/** Whether the method is CONNECT, in whatever case: what follows its head is not HTTP. */
export function isConnect({ bytes, methodStart, methodEnd }: Head): boolean {
  return methodEnd - methodStart === 7 && equalsIgnoringCase(bytes, methodStart, lowerConnect);
}

/** What a request wants its connection to carry in place of HTTP: another protocol, or the bytes of a tunnel (CONNECT). */
export type Asked = 'upgrade' | 'tunnel';

/** Whether it is a proper CONNECT, whose target is an authority (RFC 9112, section 3.2.3). */
export function asksTunnel({ authorityStart, authorityEnd, targetStart }: Head): boolean {
  return authorityStart === targetStart && authorityEnd > authorityStart;
}

/** Path and query, `/` where an absolute-form target has none. */
export function pathOf(head: Head): string {
  return head.pathStart === head.pathEnd ? '/' : latin1(head.bytes, head.pathStart, head.pathEnd);
}

/** Name of field `index`, as it was written. */
export function fieldName(head: Head, index: number): string {
  return latin1(head.bytes, head.positions[index * 4]!, head.positions[index * 4 + 1]!);
}

/** Value of field `index`, without white space around. */
export function fieldValue(head: Head, index: number): string {
  return latin1(head.bytes, head.positions[index * 4 + 2]!, head.positions[index * 4 + 3]!);
}

/** Index of the first field with this number of `Field` that is not dropped; -1 when there is none. */
export function findField(head: Head, id: number): number {
  for (let i = 0; i < head.count; i++) if (head.ids[i] === id) return i;
  return -1;
}

/** Host and port that the request is for: the target's own, else the Host field's; empty when there is neither. */
export function authorityOf(head: Head): string {
  if (head.authorityEnd > head.authorityStart) return latin1(head.bytes, head.authorityStart, head.authorityEnd);
  return head.hostIndex < 0 ? '' : fieldValue(head, head.hostIndex);
}

/** Value of a metadata line; undefined when there is none of that name. */
export function readMetadata(head: Head, name: string): string | undefined {
  const { bytes, metadataEnd } = head;
  for (let at = head.metadataStart; at < metadataEnd; ) {
    const feed = bytes.indexOf(0x0a, at);
    const nameEnd = bytes.indexOf(0x20, at);
    if (nameEnd - at - 1 === name.length && latin1(bytes, at + 1, nameEnd) === name) {
      return latin1(bytes, nameEnd + 1, feed - 1);
    }
    at = feed + 1;
  }
  return undefined;
}

/** Whether the comma-separated value of field `index` has the element `lower`, in any case. */
export function valueHasToken(head: Head, index: number, lower: string): boolean {
  const wanted = latin1Bytes(lower);
  const { bytes, positions } = head;
  const end = positions[index * 4 + 3]!;
  for (let at = positions[index * 4 + 2]!; at < end; ) {
    const stop = elementEnd(bytes, at, end);
    const from = skipSpace(bytes, at, stop);
    if (trimSpace(bytes, from, stop) - from === wanted.length && equalsIgnoringCase(bytes, from, wanted)) return true;
    at = stop + 1;
  }
  return false;
}
