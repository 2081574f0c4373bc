import type { GatewayOptions, ListenerOptions } from '@reverse-http/gateway';
import { addressOf } from '../listen-address.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { ConfigPath } from './config-path.js';

const mask = '********';
const deadlineDefaults = {
  hold: '5s',
  startGrace: '10s',
  firstByte: '60s',
  idle: 'off',
  total: 'off',
  head: '10s',
  keepAlive: '65s',
};

/**
 * The configuration as it holds: what was given, with every default in its place. Secrets, and whatever came from the
 * environment or another file into a place for one, are masked.
 */
export function effectiveConfig(
  options: GatewayOptions,
  filledIn: readonly ConfigPath[],
  state: StateDirectory,
): object {
  const { listeners = [{}], publicUrl, trustedProxies, admin, connectors, deadlines, limits, targets, log } = options;
  const shown = {
    version: 1,
    publicUrl: publicUrl ?? null,
    trustedProxies: trustedProxies ?? [],
    listeners: listeners.map(listenerOf),
    admin: adminOf(admin),
    connectors: {
      tokens: connectors?.tokens ?? state.tokensFile,
      keepAlive: { default: '15s', max: '30m', ...connectors?.keepAlive },
    },
    deadlines: { ...deadlineDefaults, ...deadlines },
    limits: { requestBody: 'off', headBytes: '32KiB', sessionsPerToken: 10_000, hellosPerSecond: 500, ...limits },
    targets: targets ?? [],
    log: { query: false, peer: 'full', ...log },
  };
  for (const path of filledIn) maskAt(shown, path);
  return shown;
}

function listenerOf(listener: ListenerOptions): object {
  const { address: _, host: __, port: ___, ...rest } = listener;
  const { host, port } = addressOf(listener);
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { address, routes: [{ host: '*.localhost' }, { path: '/gw' }], transparent: false, ...rest };
}

function adminOf(admin: GatewayOptions['admin']): object | 'off' {
  if (admin === 'off') return admin;
  const { host, port } = addressOf({ port: 8081, ...admin });
  return { address: `${host}:${port}`, ...(admin?.token === undefined ? {} : { token: mask }) };
}

/** A value from outside the file is shown where it is a number or a place, which tells nothing. */
function maskAt(root: object, path: ConfigPath): void {
  let node: unknown = root;
  for (const step of path.slice(0, -1)) node = (node as Record<string, unknown> | undefined)?.[step];
  const last = path.at(-1)!;
  const holder = node as Record<string, unknown> | undefined;
  if (typeof holder?.[last] === 'string' && /token|secret|password|key/i.test(String(last)) && last !== 'tokens') {
    holder[last] = mask;
  }
}
