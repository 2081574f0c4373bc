import type { IncomingMessage } from 'node:http';
import { Field, type Head, pathOf } from '@reverse-http/protocol/http1';

/** What `IncomingMessage` keeps to itself: how Node's own parser fills it in. */
interface FillableMessage {
  _addHeaderLines(lines: string[], length: number): void;
}

/** The whole head as text, which its positions cut into pieces: a third of the cost of a text for each piece. */
export function headText(head: Head): string {
  const { bytes } = head;
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return buffer.toString('latin1', 0, head.end);
}

/**
 * Fills a fresh message with what the head says; its fields become `headers` when asked for. `Upgrade` is left out: where
 * it gets here, nobody is there to upgrade.
 */
export function fillRequest(request: IncomingMessage, head: Head, text: string): void {
  request.httpVersionMajor = 1;
  request.httpVersionMinor = head.minorVersion;
  request.httpVersion = head.minorVersion === 1 ? '1.1' : '1.0';
  (request as { upgrade?: boolean }).upgrade = false;
  request.method = text.slice(head.methodStart, head.methodEnd);
  request.url = head.pathEnd > head.pathStart ? text.slice(head.pathStart, head.pathEnd) : pathOf(head);
  const { count, positions, ids } = head;
  const lines: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (ids[i] === Field.Upgrade) continue;
    const base = i * 4;
    lines[at++] = text.slice(positions[base], positions[base + 1]);
    lines[at++] = text.slice(positions[base + 2], positions[base + 3]);
  }
  (request as unknown as FillableMessage)._addHeaderLines(lines, at);
}

/** Fills in the trailers of a message that is marked complete. */
export function fillTrailers(request: IncomingMessage, head: Head): void {
  const text = headText(head);
  const lines: string[] = [];
  for (let base = 0; base < head.count * 4; base += 4) {
    const { positions } = head;
    lines.push(text.slice(positions[base], positions[base + 1]), text.slice(positions[base + 2], positions[base + 3]));
  }
  (request as unknown as FillableMessage)._addHeaderLines(lines, lines.length);
}
