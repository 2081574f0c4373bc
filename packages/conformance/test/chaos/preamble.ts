/**
 * Tells what the gateway sends for a session from what only opens a connection: the handshake of a WebSocket and the
 * welcome behind it, the answer to a hello that is posted.
 */
export class Preamble {
  #asked = '';
  #came: Buffer | undefined = Buffer.alloc(0);

  /** The connection's first bytes to the gateway. */
  onRequest(bytes: Buffer): void {
    if (this.#asked === '') this.#asked = bytes.toString('latin1', 0, 200);
  }

  /** Whether the session is heard in these bytes, which come from the gateway. */
  passes(bytes: Buffer): boolean {
    if (this.#came === undefined) return true;
    this.#came = Buffer.concat([this.#came, bytes]);
    const length = this.#length(this.#came);
    if (length === undefined || this.#came.length <= length) return false;
    this.#came = undefined;
    return true;
  }

  /** How long all of it is. */
  #length(came: Buffer): number | undefined {
    const end = came.indexOf('\r\n\r\n') + 4;
    if (end < 4) return undefined;
    const head = came.toString('latin1', 0, end);
    if (head.startsWith('HTTP/1.1 101')) return frameEnd(came, end);
    if (!this.#asked.includes('/hello ')) return 0;
    return end + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  }
}

/** Where the frame from the server ends that begins here (RFC 6455, 5.2). */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (bytes.length < at + 4) return undefined;
  const short = bytes[at + 1]! & 0x7f;
  // No welcome is longer than 16 KiB.
  return short < 126 ? at + 2 + short : at + 4 + bytes.readUInt16BE(at + 2);
}
