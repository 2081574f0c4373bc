import { type Hello, protocolVersions, type Welcome } from '@reverse-http/protocol/session';
import type { ResolvedConnectOptions } from '../connect-options.js';
import type { Registration } from '../connection.js';
import type { Dialler } from './dialler.js';

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

/** What a welcome means for the user; the gateway's own address stands in where it names no URL. */
export function registrationOf(welcome: Welcome, target: string, gateway: string, dialler: Dialler): Registration {
  const named = Object.keys(welcome.urls).find((name) => name.toLowerCase() === target.toLowerCase());
  const urls = (named === undefined ? undefined : welcome.urls[named]) ?? [];
  const ending = urls.map((url) => (url.endsWith('/') ? url : `${url}/`));
  return { url: ending[0] ?? gateway, urls: ending, target: named ?? target, transport: dialler.name };
}
