import type { Authenticate } from './grant.js';

/** What decides about connectors' credentials, as a token store does. */
export interface Credentials {
  readonly authenticate: Authenticate;
  /** Set by the gateway: to be called with the id of a credential that is good no more. Its sessions end at once. */
  onRevoked?: ((id: string) => void) | undefined;
  /** The credentials that there are, where they can be told: targets that they name are known before they connect. */
  list?(): readonly { readonly targets: readonly string[]; readonly revokedAt?: string | null }[];
}
