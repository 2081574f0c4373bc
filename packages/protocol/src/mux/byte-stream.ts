/**
 * Bytes that flow in the house, without promises or objects per piece: a source is asked for bytes when there is room
 * for them, a sink is given bytes as they come. Both end with an optional trailer section (field lines, then an empty
 * line, as RFC 9112, section 7.1.2 has it).
 */
export interface ByteSource {
  /** Copies what is there now, at most `into[at..end)`; returns how many bytes, 0 when there are none at the moment. */
  read(into: Uint8Array, at: number, end: number): number;
  /** No byte will come any more; those that are there have been read. */
  readonly ended: boolean;
  /** The trailer section, once {@link ended}. */
  readonly trailers: Uint8Array | undefined;
}

/** Where bytes go. */
export interface ByteSink {
  /** Takes bytes, which are valid only during the call; false asks to wait for {@link onDrain} before more come. */
  write(bytes: Uint8Array): boolean;
  /** No more bytes. */
  end(trailers?: Uint8Array): void;
  /** Called when more may be written, after a `write` that returned false. */
  onDrain: (() => void) | undefined;
}

/** A head that is written when the pipe takes it, straight into the message. */
export interface HeadSource {
  /** It gets no longer than this, bytes; at least 64. */
  readonly headBytes: number;
  /** Writes it at `at`; returns the position after it. */
  writeHead(into: Uint8Array, at: number): number;
}
