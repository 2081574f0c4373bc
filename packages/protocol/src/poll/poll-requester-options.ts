import type { WrittenBody } from '../http1/index.js';
import type { Clock } from '../session/index.js';
import type { PollPath } from './poll-path.js';

/** What came of an HTTP request. */
export type PollOutcome =
  | { readonly kind: 'answer'; readonly body: Uint8Array }
  /** 413: the body was too large for somebody on the way. */
  | { readonly kind: 'too-large' }
  /** No answer, or one that is not the gateway's; `retryAfterMs` where it said when to come again. */
  | { readonly kind: 'failed'; readonly detail: string; readonly retryAfterMs?: number; readonly status?: number };

/** Settings of a {@link PollRequester}. */
export interface PollRequesterOptions {
  readonly session: string;
  readonly attach: number;
  readonly clock: Clock;
  /** Puts off to the end of the turn, after what the session put off before. */
  readonly defer: (fn: () => void) => void;
  /**
   * Sends a body by POST; calls `done` once, later. `onMoved` may be told of bytes of the answer as they come: it is
   * waited for while they do. The result gives up: `done` is not called then.
   */
  readonly post: (
    path: 'poll' | 'post',
    body: WrittenBody,
    done: (outcome: PollOutcome) => void,
    onMoved: (bytes: number) => void,
  ) => () => void;
  /** What is known of the way to the gateway, kept from one transport to the next. Default: nothing yet. */
  readonly path?: PollPath;
  /** A number in [0, 1): spreads repeats, so that those of many connectors do not come at once. Default 0.5. */
  readonly random?: () => number;
  /** Polls at a time while data moves. Default 2. */
  readonly maxPolls?: number;
  /** Posts at a time, each as large as {@link PollPath.up} allows; more bytes wait in the session. Default 4. */
  readonly maxPosts?: number;
}
