import { isDeepStrictEqual } from 'node:util';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { GatewayOptions } from '../gateway-options.js';

/** What a gateway keeps from its making to its end, by its place in the options. */
const forGood: Readonly<Record<string, (options: GatewayOptions) => unknown>> = {
  auth: ({ auth }) => auth,
  admin: ({ admin }) => (admin === 'off' ? undefined : admin),
  'connectors.tokens': ({ connectors }) => connectors?.tokens,
  onError: ({ onError }) => onError,
  onEvent: ({ onEvent }) => onEvent,
  accessLog: ({ accessLog }) => accessLog,
};

/** @throws ReverseHttpError `bad-option` when other options would change what cannot change while a gateway runs */
export function assertSameForGood(before: GatewayOptions, after: GatewayOptions): void {
  for (const [place, of] of Object.entries(forGood)) {
    if (isDeepStrictEqual(of(before), of(after))) continue;
    throw new ReverseHttpError('bad-option', `${place}: to change this, the gateway has to be started again`);
  }
}
