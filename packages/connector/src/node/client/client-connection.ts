import type { Socket } from 'node:net';
import { type AnswerListener, AnswerReader } from './answer-reader.js';

/** Who has a connection for a request. */
export interface ConnectionUser extends AnswerListener {
  /** The server takes bytes again, after {@link ClientConnection.write} returned false. */
  onDrain(): void;
  /** The connection is gone, before the answer was whole or after an upgrade; `started`: bytes of an answer had come. */
  onLost(detail: string, started: boolean): void;
}

/** Who keeps the connections. */
export interface ConnectionKeeper {
  /** The connection is closed, or about to. */
  onClosed(connection: ClientConnection): void;
}

const noBytes: Uint8Array = new Uint8Array(0);

/** A connection to a server: serves one request after the other. */
export class ClientConnection {
  readonly reader: AnswerReader = new AnswerReader();
  /**
   * Where the present request's user puts what leaves first, and the next one's after it: no connection is used again
   * before its socket has taken everything ({@link usable}). V8 counts such memory: with fresh memory for each request it
   * runs full collections five times a second under load (docs/decisions/0005).
   */
  readonly block: Uint8Array;
  /** Whether it is new: not used before, nor kept waiting, so that the server has no reason to close it. */
  fresh = true;
  /** Since when it serves nobody. */
  idleSince = 0;
  /** How long it may be idle. */
  idleMs = 0;
  readonly #socket: Socket;
  readonly #keeper: ConnectionKeeper;
  /** The same as {@link block} for what is longer; made when it is first needed. */
  #longBlock: Uint8Array = noBytes;
  /** The same for an answer that is gathered. */
  #answerBlock: Uint8Array = noBytes;
  #user: ConnectionUser | undefined;
  #corked = false;
  #paused = false;

  /** @param blockBytes Size of {@link block}. */
  constructor(socket: Socket, keeper: ConnectionKeeper, blockBytes: number) {
    this.block = new Uint8Array(Buffer.allocUnsafeSlow(blockBytes).buffer);
    this.#socket = socket;
    this.#keeper = keeper;
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore); // 'close' follows.
    socket.on('close', this.#onClose);
  }

  /** Whether a request can be written: false as soon as anything is known of the server's closing. */
  get usable(): boolean {
    const socket = this.#socket;
    return socket.writable && socket.readable && socket.writableLength === 0;
  }

  /** Gives it to a request. */
  begin(user: ConnectionUser): void {
    this.#user = user;
    this.reader.begin(user);
  }

  /** Memory for so many bytes: {@link block}, or a longer one that is kept as it is. */
  blockFor(bytes: number): Uint8Array {
    if (bytes <= this.block.length) return this.block;
    this.#longBlock = grownFor(bytes, this.#longBlock);
    return this.#longBlock;
  }

  /** Memory for so many bytes of the present answer, valid until another one begins. */
  answerBlockFor(bytes: number): Uint8Array {
    this.#answerBlock = grownFor(bytes, this.#answerBlock);
    return this.#answerBlock;
  }

  /** Takes it from the request, whose answer is whole. */
  free(): void {
    this.#user = undefined;
    this.fresh = false;
    this.resume();
  }

  /** Writes bytes that do not change afterwards; false asks to wait for {@link ConnectionUser.onDrain}. */
  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  /** What is written until the turn's end leaves in one system call. */
  gather(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(this.#uncork);
  }

  /** Ends our side of an upgraded stream. */
  end(): void {
    this.#socket.end();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Closes it now; its user hears nothing more. */
  destroy(): void {
    this.#user = undefined;
    this.reader.stop();
    this.#socket.destroy();
    this.#keeper.onClosed(this);
  }

  /** Takes what the server sent; bytes are valid only during the call. */
  onBytes(bytes: Uint8Array): void {
    // Nobody asked: a server that gives up the connection with a 408, or worse.
    if (this.#user) this.reader.read(bytes);
    else this.destroy();
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

  readonly #onDrain = (): void => {
    this.#user?.onDrain();
  };

  readonly #onEnd = (): void => {
    const user = this.#user;
    if (!user) this.destroy();
    else if (this.reader.started) this.reader.finish();
    else this.#lose('the connection was closed without an answer');
  };

  readonly #onClose = (): void => {
    this.#keeper.onClosed(this);
    this.#lose('the connection broke');
  };

  #lose(detail: string): void {
    const user = this.#user;
    this.#user = undefined;
    this.reader.stop();
    this.#socket.destroy();
    user?.onLost(detail, this.reader.started);
  }
}

/** `block`, or a longer one: a power of two, so that bodies which grow bit by bit do not ask for a new one each time. */
function grownFor(bytes: number, block: Uint8Array): Uint8Array {
  return bytes <= block.length ? block : Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes)));
}

function ignore(): void {}
