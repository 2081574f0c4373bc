import { type Hello, protocolVersions, type Welcome } from '@reverse-http/protocol/session';
import type { ResolvedConnectOptions } from '../connect-options.js';
import type { RegisteredTarget } from '../connection.js';

/** What changes from hello to hello. */
export interface HelloDetails {
  readonly key: string;
  readonly attach: number;
  readonly replica: string;
  readonly token: string | undefined;
  readonly features: readonly string[];
  readonly agent: string;
  readonly standby: boolean;
  readonly resume: Hello['resume'];
}

/** The hello that says what the options say. */
export function createHello(options: ResolvedConnectOptions<never>, details: HelloDetails): Hello {
  const { token, resume, standby, replica, key, attach, features, agent } = details;
  const { labels, keepAliveMs, targets } = options;
  return {
    versions: protocolVersions,
    agent,
    key,
    attach,
    targets: targets.map((target) => ({ target, replica })),
    features,
    ...(token === undefined ? {} : { token }),
    ...(labels === undefined ? {} : { labels }),
    ...(keepAliveMs === undefined ? {} : { keepAliveMs }),
    ...(resume === undefined ? {} : { resume }),
    ...(standby ? { standby } : {}),
  };
}

/** Where visitors reach a target by a welcome; the gateway's own address stands in where it names no URL. */
export function registeredTarget({ urls }: Welcome, target: string, gateway: string): RegisteredTarget {
  const named = Object.keys(urls).find((name) => name.toLowerCase() === target.toLowerCase());
  const ending = (urls[named ?? ''] ?? []).map((url) => (url.endsWith('/') ? url : `${url}/`));
  return { url: ending[0] ?? gateway, urls: ending, target: named ?? target };
}
