import { Metadata } from '@reverse-http/protocol/exchange';
import type { FetchContext, Peer, UpgradedStream, UpgradeOptions } from './fetch-handler.js';
import type { FieldsInit } from './field-lines.js';
import type { ReceivedHead } from './received-head.js';

/** What a context needs of its exchange. */
export interface ExchangeContextOwner {
  readonly signal: AbortSignal;
  readonly head: ReceivedHead;
  readonly defaultTarget: string;
  sendEarlyHints(hints: string | readonly string[] | FieldsInit): void;
  upgrade(options: UpgradeOptions): UpgradedStream;
}

/** A handler's second argument. Each part is made when it is asked for: most handlers take none. */
export class ExchangeContext implements FetchContext {
  readonly #owner: ExchangeContextOwner;

  constructor(owner: ExchangeContextOwner) {
    this.#owner = owner;
  }

  get signal(): AbortSignal {
    return this.#owner.signal;
  }

  get peer(): Peer {
    const [address = '', port = '0'] = (this.#owner.head.metadata(Metadata.Peer) ?? '').split(' ');
    return { address, port: Number(port) };
  }

  get target(): string {
    return this.#owner.head.metadata(Metadata.Target) ?? this.#owner.defaultTarget;
  }

  get sendEarlyHints(): FetchContext['sendEarlyHints'] {
    return (hints) => this.#owner.sendEarlyHints(hints);
  }

  get upgrade(): FetchContext['upgrade'] {
    return (options = {}) => this.#owner.upgrade(options);
  }
}
