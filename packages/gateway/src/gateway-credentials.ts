import type { Credentials } from './credentials/credentials.js';
import { authenticateByTokens } from './credentials/grant.js';
import { createToken } from './credentials/token.js';
import { createTokenStore, type TokenStore } from './credentials/token-store.js';
import type { ResolvedGatewayOptions } from './options/resolved-options.js';

/** Who decides about hellos. */
export interface GatewayCredentials extends Credentials {
  /** Made at random where nothing was said of credentials. */
  readonly token: string | undefined;
  /** Where tokens are kept in a file. */
  readonly tokens: TokenStore | undefined;
  /** Targets that credentials name, and patterns of such. */
  named(): Iterable<string>;
  /** Stops looking at a file that was opened for this gateway, and hears no more of who is revoked. */
  close(): void;
}

/** Makes what the options `auth` and `connectors.tokens` ask for. */
export function createGatewayCredentials(
  { auth, tokensPath: path }: ResolvedGatewayOptions,
  onError: (error: unknown) => void,
): GatewayCredentials {
  const store = auth === undefined && path !== undefined ? createTokenStore({ path, onError }) : undefined;
  const token = auth || store ? undefined : createToken();
  const source: Credentials = auth ?? store ?? { authenticate: authenticateByTokens([token!]) };
  return {
    token,
    tokens: isTokenStore(source) ? source : undefined,
    authenticate: (hello) => source.authenticate(hello),
    set onRevoked(listener: ((id: string) => void) | undefined) {
      source.onRevoked = listener;
    },
    *named() {
      for (const { targets, revokedAt } of source.list?.() ?? []) if (!revokedAt) yield* targets;
    },
    close() {
      source.onRevoked = undefined;
      store?.close();
    },
  };
}

function isTokenStore(credentials: Credentials): credentials is TokenStore {
  return 'create' in credentials && 'rotate' in credentials;
}
