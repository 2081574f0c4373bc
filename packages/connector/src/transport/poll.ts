import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { bodyOf, type WrittenBody } from '@reverse-http/protocol/http1';
import { MessageKind } from '@reverse-http/protocol/pipe';
import { createPollPath, type PollOutcome, type PollPath, PollRequester } from '@reverse-http/protocol/poll';
import { type Clock, decodeHello, decodeWelcome, type TransportHandler } from '@reverse-http/protocol/session';
import { answeredWith, cannotBeReached, speaksOtherwise } from '../link/dial-errors.js';
import type { DialHandler, DialledTransport, Dialler } from '../link/dialler.js';

/** What became of a POST; `notHttp` where something answered that does not speak HTTP. */
export type PostOutcome = PollOutcome & { readonly notHttp?: boolean };

/**
 * Sends a body by POST; calls `done` once, later, and before it `onMoved` as bytes of the answer come. The result gives up:
 * nothing is called then.
 */
export type Post = (
  url: string,
  body: WrittenBody,
  done: (outcome: PostOutcome) => void,
  onMoved: (bytes: number) => void,
) => () => void;

/** Settings of {@link createPollDialler}. */
export interface PollDiallerOptions {
  readonly post: Post;
  readonly clock: Clock;
  readonly defer: (fn: () => void) => void;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** How long a poll may wait at the gateway, ms. Default 15,000. */
  readonly holdMs?: number;
  /** Polls at a time while data moves. Default 2. */
  readonly maxPolls?: number;
  /** Posts at a time. Default 4. */
  readonly maxPosts?: number;
}

/** Where a gateway takes the requests of polling connectors, below its URL. */
const endpoint = '.well-known/reverse-http/';

/** Dials gateways by HTTP long polling: nothing but POST with a length, so any hop passes it. */
export function createPollDialler(options: PollDiallerOptions): Dialler {
  /** What was learnt about the way to each gateway. */
  const paths = new Map<string, PollPath>();
  const pathTo = (gateway: string): PollPath => {
    const path = paths.get(gateway) ?? createPollPath(options.holdMs);
    paths.set(gateway, path);
    return path;
  };
  return {
    name: 'poll',
    featuresFor: () => [],
    dial(gateway: string, handler: DialHandler) {
      let over = false;
      const onFailed = (error: ReverseHttpError): void => {
        if (!over) handler.onFailed(error);
      };
      const transport = new PollTransport(gateway, pathTo(gateway), options, onFailed);
      options.defer(() => {
        if (!over) handler.onOpened(transport);
      });
      return () => {
        over = true;
        transport.close();
      };
    },
  };
}

const deaf: TransportHandler = { onMessage() {}, onWritable() {}, onClosed() {} };

/** Says hello by a POST of its own; from the welcome on, a {@link PollRequester} carries the session. */
class PollTransport implements DialledTransport {
  readonly name = 'poll';
  readonly watchesItself = true;
  readonly #gateway: string;
  readonly #url: string;
  readonly #path: PollPath;
  readonly #options: PollDiallerOptions;
  readonly #onFailed: (error: ReverseHttpError) => void;
  #handler: TransportHandler = deaf;
  #requester: PollRequester | undefined;
  #giveUp: (() => void) | undefined;
  #closed = false;

  /** @param onFailed There is no gateway to say hello to. */
  constructor(
    gateway: string,
    path: PollPath,
    options: PollDiallerOptions,
    onFailed: (error: ReverseHttpError) => void,
  ) {
    this.#gateway = gateway;
    this.#url = new URL(endpoint, gateway).href;
    this.#path = path;
    this.#options = options;
    this.#onFailed = onFailed;
  }

  get handler(): TransportHandler {
    return this.#handler;
  }

  set handler(handler: TransportHandler) {
    this.#handler = handler;
    if (this.#requester) this.#requester.handler = handler;
  }

  get maxMessageBytes(): number {
    return this.#requester?.maxMessageBytes ?? 0;
  }

  get writable(): boolean {
    return this.#requester?.writable ?? false;
  }

  get movedBytes(): number {
    return this.#requester?.movedBytes ?? 0;
  }

  get suspect(): boolean {
    return this.#requester?.suspect ?? false;
  }

  onAgreed(): void {}

  send(bytes: Uint8Array): void {
    if (this.#requester) this.#requester.send(bytes);
    else if (!this.#closed) this.#sayHello(bytes);
  }

  flush(): void {
    this.#requester?.flush();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveUp?.();
    if (this.#requester) this.#requester.close();
    else this.#leave('closed');
  }

  #sayHello(hello: Uint8Array): void {
    const { clock, post } = this.#options;
    const began = clock.now();
    const onAnswered = (outcome: PostOutcome): void => {
      this.#giveUp = undefined;
      if (outcome.kind !== 'answer') return this.#fail(errorOf(this.#gateway, outcome));
      const kind = outcome.body[0];
      if (kind !== MessageKind.Welcome && kind !== MessageKind.Refuse)
        return this.#fail(answeredWith(this.#gateway, 200));
      if (kind === MessageKind.Welcome) this.#begin(hello, outcome.body);
      this.#path.roundTripMs ??= clock.now() - began;
      this.#handler.onMessage(outcome.body);
    };
    this.#giveUp = post(`${this.#url}hello`, bodyOf(hello), onAnswered, () => {});
  }

  #begin(hello: Uint8Array, answer: Uint8Array): void {
    const welcome = decodeWelcome(answer);
    const attach = decodeHello(hello)?.attach;
    if (!welcome || attach === undefined) return;
    const { post, clock, defer, random, maxPolls = 2, maxPosts = 4 } = this.#options;
    this.#requester = new PollRequester({
      session: welcome.session,
      attach,
      clock,
      defer,
      random,
      path: this.#path,
      maxPolls,
      maxPosts,
      post: (path, body, done, onMoved) => post(this.#url + path, body, done, onMoved),
    });
    this.#requester.handler = this.#handler;
  }

  #fail(error: ReverseHttpError): void {
    this.#closed = true;
    this.#handler = deaf;
    this.#onFailed(error);
  }

  #leave(detail: string): void {
    this.#closed = true;
    const handler = this.#handler;
    this.#handler = deaf;
    handler.onClosed(detail);
  }
}

/** Why there was no answer to the hello, in the words of the other transports. */
function errorOf(gateway: string, outcome: Exclude<PostOutcome, { kind: 'answer' }>): ReverseHttpError {
  if (outcome.kind === 'too-large') return answeredWith(gateway, 413);
  if (outcome.status !== undefined) return answeredWith(gateway, outcome.status);
  return outcome.notHttp ? speaksOtherwise(gateway, outcome.detail) : cannotBeReached(gateway, outcome.detail);
}
