import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Transport, TransportName } from '@reverse-http/protocol/session';

/** A transport to a gateway that may turn out better once both sides have named their abilities. */
export interface DialledTransport extends Transport {
  /** The abilities that both sides named. */
  onAgreed(features: readonly string[]): void;
}

/** What comes of a dial: one of the two, once; but a transport that sends nothing before the hello may fail with that. */
export interface DialHandler {
  /** Messages may be sent; the handler of the transport must be set during the call. */
  onOpened(transport: DialledTransport): void;
  /** `unreachable` or `not-a-gateway`; the transport, if there was one, is of no use then. */
  onFailed(error: ReverseHttpError): void;
}

/** Opens transports of one kind. */
export interface Dialler {
  readonly name: TransportName;
  /** Abilities it can offer towards this gateway. */
  featuresFor(gateway: string): readonly string[];
  /** Dials; the answer comes later, never during the call. The result gives up: nothing is called any more. */
  dial(gateway: string, handler: DialHandler): () => void;
}
