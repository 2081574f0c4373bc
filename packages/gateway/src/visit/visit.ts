import type { Duplex } from 'node:stream';
import type { Reason } from '@reverse-http/protocol/errors';
import type { Delivered } from '@reverse-http/protocol/exchange';
import type { Head, WrittenBody } from '@reverse-http/protocol/http1';
import type { ByteSink, ByteSource } from '@reverse-http/protocol/mux';

/** Whoever sent the request: one object for all visits of a connection. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** Whether the visitor came by TLS. */
  readonly secure: boolean;
  /** The trusted proxy that the request came through, which said all the above; one object for each visit then. */
  readonly proxy?: Peer;
}

/** What a visit tells whoever serves it. */
export interface VisitHandler {
  /** {@link Visit.body} has something new: its end, or bytes, of which so many wait, framing included. */
  onBodyReadable(bytes?: number): void;
  /** The visitor is gone, or stopped keeping to HTTP: nothing more can be read or answered. Called once at most. */
  onAborted(reason: Reason, detail: string): void;
  /** The visitor takes bytes again, after {@link Visit.informational} returned false and before an answer was begun. */
  onWritable?(): void;
  /** The visit is over, whatever became of it; bytes as in {@link VisitOutcome}. Called once. */
  onEnded?(bytesIn: number, bytesOut: number): void;
}

/** What a failed visit's answer says beyond the reason. */
export interface FailureDetail {
  /** One sentence for people; no inner address, no stack. Default: the reason's title. */
  readonly detail?: string;
  /** Whether the request may have had an effect. Default `no`. */
  readonly delivered?: Delivered;
  /** Further field lines of the answer, as `Allow: GET\r\n`. */
  readonly fields?: string;
}

/** How a visit ended, for those who observe it. */
export interface VisitOutcome {
  /** Status of the answer; 0 when none was begun. */
  readonly status: number;
  /** Why the gateway answered itself or broke off; undefined where the answer is the server's and whole. */
  readonly reason: Reason | undefined;
  /** Bytes of body, or of an upgraded stream, from and to the visitor. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/**
 * One exchange seen from the visitor's side. Nothing behind it knows what a socket is, but `tunnel/`, which takes one
 * over.
 */
export interface Visit {
  /** The request's head as it came; valid until the visit is answered in full or ended. */
  readonly head: Head;
  /** Who is at the other end; set anew, before anybody asks, where that is a proxy which is trusted to say for whom. */
  peer: Peer;
  /** The gateway's id of this request, for logs and error answers. */
  readonly id: string;
  /**
   * The request's body; undefined when it has none. Where it asks for an upgrade or a tunnel, the visitor's bytes after
   * it: none before {@link upgrade}, and an end at once when the answer is an ordinary one.
   */
  readonly body: ByteSource | undefined;
  /**
   * Whether the visitor asks for another protocol that may be granted (RFC 9110, section 7.8), or for a tunnel by CONNECT
   * (section 9.3.6).
   */
  readonly asksUpgrade: boolean;
  /** Whether a final answer has begun, or the visitor is gone. */
  readonly settled: boolean;
  /** Set by whoever serves the visit. */
  handler: VisitHandler;
  /** Called once, when the visit is over. */
  onEnded: ((outcome: VisitOutcome) => void) | undefined;
  /**
   * Passes a 1xx head on (not to HTTP/1.0 visitors, who do not know them); false asks to wait for
   * {@link VisitHandler.onWritable}, or for the answer's {@link ByteSink.onDrain}, before more come. Dropped fields and
   * `added` as in {@link respond}.
   */
  informational(head: Head, added?: string): boolean;
  /**
   * Starts the answer; fields that `head` marks as dropped stay out, the lines of `added` follow them. `ended`: there is
   * no body to come, and the visit is over. The framing is the visit's own matter.
   */
  respond(head: Head, added: string, ended: boolean): ByteSink;
  /** Answers 101, or CONNECT's 2xx; from now on {@link body} gives the visitor's bytes and the sink takes the server's. */
  upgrade(head: Head, added: string): ByteSink;
  /** Answers with the gateway's own error; once an answer has begun, breaks it off instead. */
  fail(reason: Reason, detail?: FailureDetail): void;
  /**
   * Bounds the body: false when its announced length is beyond `maxBytes`; one that turns out to be longer ends the visit
   * with `body-too-large`.
   */
  limitBody(maxBytes: number): boolean;
  /** Nobody wants the rest of the body: it is passed over, so that the connection can serve again. */
  stopReading(): void;
  /** Ends the visitor's connection without a clean end, because the answer cannot be finished. */
  abort(reason: Reason): void;
  /** Answers with a document of the gateway's own; `fields` are whole lines. */
  answer(status: number, fields: string, body: string | WrittenBody): void;
  /**
   * The connection itself with the bytes that were read beyond the head: for `tunnel/` alone. `keep` copies what is read from
   * now on to where the socket's reader may refer to it.
   */
  takeSocket(keep: (bytes: Uint8Array) => Buffer): { readonly socket: Duplex; readonly head: Uint8Array };
}

/** A visitors' listener. */
export interface Front {
  /** Starts listening; resolves with what it listens on. Rejects with Node's own error. */
  listen(): Promise<FrontAddress>;
  /** Ends idle connections, and each other with its present answer; new ones may still come, and are treated so too. */
  retire(): void;
  /** Stops accepting, ends idle connections, gives running exchanges up to `graceMs`, then ends them. */
  drain(graceMs: number): Promise<void>;
  /** Whether it keeps the process alive. */
  ref(): void;
  unref(): void;
}

/** Where a front listens. */
export interface FrontAddress {
  readonly host: string;
  readonly port: number;
}
