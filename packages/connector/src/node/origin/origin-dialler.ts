import type { Clock } from '@reverse-http/protocol/session';
import { type ConnectionDialler, createConnectionDialler } from '../client/connection-dialler.js';
import type { OriginAddress } from './origin-address.js';
import type { ResolvedOriginOptions } from './origin-options.js';

/** Room for the heads that browsers send, cookies and all; longer ones are rare. */
const blockBytes = 4096;

/** Opens connections to an origin, as its options say. */
export function createOriginDialler(
  address: OriginAddress,
  { ca, insecure, connectTimeoutMs }: ResolvedOriginOptions,
  clock: Clock,
): ConnectionDialler {
  const tls = { ...(ca ? { ca } : {}), rejectUnauthorized: !insecure };
  return createConnectionDialler({ address, tls, connectTimeoutMs, blockBytes, clock });
}
