/** What a run is made of; the same seed makes the same choices. */
export interface ChaosOptions {
  readonly transport: 'websocket' | 'poll';
  readonly handler: 'server' | 'url';
  readonly requests: number;
  readonly seed: number;
  readonly visitors: number;
  /** A round trip of the link takes so long, ms. */
  readonly delayMs: number;
  /** So long the gateway lets a visitor wait for a connector that is away, ms. */
  readonly holdMs: number;
  /** One in so many requests, on average. */
  readonly requestsPerFault: number;
}
