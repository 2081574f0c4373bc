import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { proxyFromEnvironment } from '@reverse-http/connector/node';
import { CommandError, usageError } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { isConfidential } from '../is-confidential.js';
import { type TokenSource, tokenSourceOf } from '../secrets/token-source.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { ConnectFlags, Site, TypedSecrets } from './connect-flags.js';
import { defaultTarget } from './default-target.js';
import { findGateway } from './find-gateway.js';
import { loadSiteConfig } from './site-config.js';

/** A server to connect, with everything decided. */
export interface PlannedSite extends Site {
  readonly target: string;
}

/** What `rhttp connect` is going to do. */
export interface ConnectPlan {
  readonly gateway: string;
  /** Whether nobody named the gateway. */
  readonly gatewayByDefault: boolean;
  readonly token: TokenSource | undefined;
  /** URL of the proxy on the way to the gateway, perhaps with a password; undefined: none. */
  readonly proxy: string | undefined;
  /** One at least. */
  readonly sites: readonly PlannedSite[];
  readonly flags: ConnectFlags;
  readonly onRefused: 'exit' | 'retry';
}

/**
 * Puts together what was typed, what stands in the file and what this machine knows.
 *
 * @param typed the flags that were typed, without those of the environment: a token there wins over one in the environment
 * @throws CommandError
 */
export function planConnect(
  origin: string | undefined,
  given: ConnectFlags,
  typed: TypedSecrets,
  state: StateDirectory,
  io: Io,
): ConnectPlan {
  assertThere(given);
  const warn = (line: string): void => writeLine(io.stderr, line);
  // A password stands before the `@` (RFC 3986, section 3.2.1).
  if (typed.proxy?.includes('@'))
    warn('Warning: everybody on this machine can read the password in --proxy (ps shows it): use RHTTP_PROXY');
  const config = given.config === undefined ? undefined : loadSiteConfig(given.config, io);
  const flags: ConnectFlags = { ...config?.settings, ...given };
  const sites = config ? sitesOf(config.sites, origin, given) : [siteOf(origin, flags)];
  const gateway = findGateway(flags.gateway, state);
  const tokenFlags = { ...typed, tokenFile: typed.tokenFile ?? (typed.token ? undefined : config?.settings.tokenFile) };
  const token = tokenSourceOf(tokenFlags, io, warn) ?? gateway.token;
  if (token) assertConfidential(gateway.url, flags);
  return {
    gateway: gateway.url,
    gatewayByDefault: gateway.byDefault,
    token,
    sites: sites.map((site) => ({
      ...site,
      target: site.target ?? defaultTarget(tokenOrNone(token), state),
    })),
    proxy: proxyOf(gateway.url, flags, io),
    flags,
    onRefused: flags.onRefused ?? (io.stdout.isTTY ? 'exit' : 'retry'),
  };
}

/** @throws CommandError when the file cannot be read */
export function readCertificates(file: string, option: string, { cwd }: Io): string {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    throw new CommandError(`${option} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    throw new CommandError(`${option} ${file}: holds no certificate (expected PEM: -----BEGIN CERTIFICATE-----)`);
  }
  return text;
}

function siteOf(origin: string | undefined, flags: ConnectFlags): Site {
  if (origin === undefined) {
    throw usageError(
      'Say what to connect: a port, host:port, a URL or unix:PATH, as in: rhttp connect 3000 --target A',
    );
  }
  const { target, hostHeader, originCa, originInsecure = false } = flags;
  return { target, to: origin, hostHeader, originCa, originInsecure };
}

function sitesOf(sites: readonly Site[], origin: string | undefined, given: ConnectFlags): readonly Site[] {
  if (origin !== undefined || given.target !== undefined) {
    throw usageError(`With --config the file names the targets: leave out ${origin ?? '--target'}, or --config`);
  }
  const { hostHeader, originCa, originInsecure } = given;
  return sites.map((site) => ({
    ...site,
    hostHeader: site.hostHeader ?? hostHeader,
    originCa: site.originCa ?? originCa,
    originInsecure: site.originInsecure || originInsecure === true,
  }));
}

function assertThere({ pin, printSystemd }: ConnectFlags): void {
  if (pin !== undefined) throw usageError('--pin comes later: until then --ca-file FILE says whom to trust');
  if (printSystemd) throw usageError('--print-systemd comes later');
}

/** The library refuses as well; here the flag is named. */
function assertConfidential(gateway: string, { allowCleartext }: ConnectFlags): void {
  if (isConfidential(gateway) || allowCleartext) return;
  throw usageError(
    `The token would travel in the clear to ${new URL(gateway).origin}: use https, or --allow-cleartext where the network is yours`,
  );
}

function proxyOf(gateway: string, { proxy }: ConnectFlags, { env }: Io): string | undefined {
  return proxy === 'off' ? undefined : (proxy ?? proxyFromEnvironment(gateway, env));
}

function tokenOrNone(token: TokenSource | undefined): string | undefined {
  try {
    return token?.read();
  } catch {
    return undefined;
  }
}
