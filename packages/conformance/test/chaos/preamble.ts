/**
 * Tells what one way of a connection carries for a session from what only opens it: the handshake of a WebSocket with hello
 * and welcome, the answer to a hello that is posted.
 */
export class Preamble {
  readonly #asked: Preamble | undefined;
  #came: Buffer | undefined = Buffer.alloc(0);
  #head = '';
  /** What a poll carries cannot be seen, its answer can. */
  #carries = true;

  /** @param asked The other way, if this one comes from the gateway. */
  constructor(asked?: Preamble) {
    this.#asked = asked;
  }

  /** Whether the session is heard in these bytes. */
  passes(bytes: Buffer): boolean {
    if (!this.#came) return this.#carries;
    this.#came = Buffer.concat([this.#came, bytes]);
    const length = this.#length(this.#came);
    if (length === undefined || this.#came.length <= length) return false;
    this.#came = undefined;
    return this.#carries;
  }

  /** How long all of it is. */
  #length(came: Buffer): number | undefined {
    const end = came.indexOf('\r\n\r\n') + 4;
    if (end < 4) return undefined;
    this.#head = came.toString('latin1', 0, end);
    if (/^upgrade: *websocket/im.test(this.#head)) return frameEnd(came, end);
    this.#carries = this.#asked !== undefined;
    if (!this.#asked || !/^POST [^ ]*\/hello /.test(this.#asked.#head)) return 0;
    return end + Number(/^content-length: *(\d+)/im.exec(this.#head)?.[1] ?? 0);
  }
}

/** Where the frame ends that begins here (RFC 6455, 5.2). */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (bytes.length < at + 4) return undefined;
  const isMasked = bytes[at + 1]! >= 0x80;
  const short = bytes[at + 1]! & 0x7f;
  const start = at + 2 + (isMasked ? 4 : 0);
  // Neither hello nor welcome is longer than 16 KiB.
  return short < 126 ? start + short : start + 2 + bytes.readUInt16BE(at + 2);
}
