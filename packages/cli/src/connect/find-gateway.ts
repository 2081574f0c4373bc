import { isConfidential } from '../is-confidential.js';
import type { TokenSource } from '../secrets/token-source.js';
import { type GatewayRecord, readGatewayRecord } from '../state/gateway-record.js';
import { readSecretFile } from '../state/secret-file.js';
import type { StateDirectory } from '../state/state-directory.js';

/** Where to dial, and the token that this machine has for it. */
export interface FoundGateway {
  readonly url: string;
  /** Of a gateway on this machine, as soon as it runs; undefined where none can be. */
  readonly token: TokenSource | undefined;
  /** Whether nobody said where: it is the gateway on this machine, running or not. */
  readonly byDefault: boolean;
}

const defaultUrl = 'http://localhost:8080';

/** The gateway that was named, else the one on this machine. Its token is found for it alone, never for another gateway. */
export function findGateway(named: string | undefined, state: StateDirectory): FoundGateway {
  const record = readGatewayRecord(state);
  const url = named ?? record?.urls[0] ?? defaultUrl;
  const isOurs = record !== undefined && isReachedBy(record, url);
  const token = isOurs || isConfidential(url) ? localToken(url, state) : undefined;
  return { url, token, byDefault: named === undefined };
}

/** Whether two URLs lead to the same listener, as far as names of this machine go. */
export function isSameOrigin(a: string, b: string): boolean {
  return originOf(a) === originOf(b);
}

/**
 * Asked before each hello: the gateway may start later than this command, and another program may have taken its port when
 * it is gone, which must not get its token.
 */
function localToken(url: string, state: StateDirectory): TokenSource {
  let wasThere = false;
  return {
    get name() {
      return wasThere ? 'the gateway on this machine' : undefined;
    },
    read() {
      const record = readGatewayRecord(state);
      const token =
        record && isReachedBy(record, url) && record.tokenFile !== null ? readSecretFile(record.tokenFile) : undefined;
      // It restarts: to go on without a token would be to be refused for good.
      if (!record && wasThere) throw new Error('the gateway on this machine does not run');
      wasThere = token !== undefined;
      return token;
    },
  };
}

function isReachedBy({ urls, publicUrl }: GatewayRecord, url: string): boolean {
  return [...urls, publicUrl].some((each) => isSameOrigin(each, url));
}

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port } = new URL(text);
  const host = hostname === '127.0.0.1' || hostname === '[::1]' ? 'localhost' : hostname;
  return `${protocol}//${host}:${port}`;
}
