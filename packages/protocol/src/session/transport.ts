/** What carries a session's messages at the moment. */
export type TransportName = 'websocket' | 'poll' | 'memory';

/** What a transport tells whoever uses it. */
export interface TransportHandler {
  /** A whole message, valid during the call. */
  onMessage(bytes: Uint8Array): void;
  /** {@link Transport.writable} became true. */
  onWritable(): void;
  /** Nothing more will come or go. Called once, also after {@link Transport.close}. */
  onClosed(detail: string): void;
  /**
   * Messages with bytes from `offset` on were lost on the way (a repeated poll says so by its ack): they are sent again.
   * A transport that cannot lose messages never calls it, and nobody but a session need listen.
   */
  onLost?(offset: number): void;
  /** {@link Transport.suspect} has changed. */
  onSuspect?(): void;
  /**
   * A message that carries only an ack, for a transport that has an occasion to send something (the answer to a post);
   * what it tells need not be sent again.
   */
  takeAck?(): Uint8Array;
  /** What was processed of the peer's stream: bytes of a message that lie above it found a gap before them, or no room. */
  processed?(): number;
}

/** Carries whole messages both ways; may lose, repeat or reorder them, but never alters one. */
export interface Transport {
  readonly name: TransportName;
  /** Longest message it takes now, bytes. */
  readonly maxMessageBytes: number;
  /** Whether {@link send} may be called: false while what was sent before has not left. */
  readonly writable: boolean;
  /**
   * Bytes that were seen to come or go, pieces of messages too: while it grows the link is alive, however slow. Undefined
   * where that cannot be seen.
   */
  readonly movedBytes?: number;
  /** Refers to nothing that was given to {@link send}: all of it has left. Undefined where that cannot be told. */
  readonly hasLeft?: boolean;
  /** The peer is overdue by this transport's own rules (a poll that did not come); undefined where there are none. */
  readonly suspect?: boolean;
  /**
   * It finds out by rules of its own whether the peer is there (polling: a poll that does not come, an answer that does
   * not): a session asks for no signs of life on it. Default false.
   */
  readonly watchesItself?: boolean;
  /** Set by the user of the transport, at once after getting it. */
  handler: TransportHandler;
  /**
   * Sends a message; `bytes` must not change until it left. Called only while {@link writable}, but for one last message
   * right before {@link close}.
   */
  send(bytes: Uint8Array): void;
  /** All that is to go at the moment was given to {@link send}: for transports that gather messages into one body. */
  flush?(): void;
  /** Ends it; what was sent before may still arrive. */
  close(): void;
}
