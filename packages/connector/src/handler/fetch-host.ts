import type { Slab } from '@reverse-http/protocol/pipe';
import type { FetchContext, FetchRequest } from './fetch-handler.js';

/** What all exchanges of one fetch-style handler share. */
export interface FetchHost {
  /** Where heads are written. */
  readonly slab: Slab;
  /** The target id of a session that serves one alone. */
  readonly target: string;
  /** Has the handler answer. */
  call(request: FetchRequest, context: FetchContext): unknown;
  /** Beginning of the URL of a request; undefined for an authority that no URL can have. */
  originOf(scheme: string, authority: string): string | undefined;
  /** Has `waiting` called once what is at hand was handled. */
  atTurnEnd(waiting: { onTurnEnd(): void }): void;
  /** A handler failed. */
  onFailure(error: unknown, request: FetchRequest | undefined): void;
  /** A request has come. */
  onBegun(): void;
  /** An exchange that had begun is over. */
  onDone(): void;
}
