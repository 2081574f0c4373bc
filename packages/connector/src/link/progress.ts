import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { ResolvedConnectOptions } from '../connect-options.js';
import type { CloseReason, ConnectionState, Registration } from '../connection.js';

/** What a link tells of itself: its state, the first registration, the end. */
export class Progress {
  /** Rejects where there never is one; never an unhandled rejection. */
  readonly ready: Promise<Registration>;
  readonly closed: Promise<CloseReason>;
  readonly #options: ResolvedConnectOptions<never>;
  #state: ConnectionState = { state: 'connecting' };
  #resolveReady!: (registration: Registration) => void;
  #rejectReady!: (error: ReverseHttpError) => void;
  #resolveClosed!: (reason: CloseReason) => void;

  constructor(options: ResolvedConnectOptions<never>) {
    this.#options = options;
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Whoever does not wait for it is told by `closed` and onState.
    this.ready.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  set(state: ConnectionState): void {
    const previous = this.#state;
    this.#state = state;
    try {
      this.#options.onState?.(state, previous);
    } catch (error) {
      this.#options.logger.error(`onState threw: ${String(error)}`);
    }
  }

  setReady(registration: Registration): void {
    this.set({ state: 'ready', ...registration });
    this.#resolveReady(registration);
  }

  /** @param error What `ready` rejects with, if nobody was ever ready. */
  end(reason: CloseReason, error: ReverseHttpError): void {
    this.#rejectReady(error);
    this.#resolveClosed(reason);
  }
}
