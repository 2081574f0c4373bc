import {
  createGateway,
  createTokenStore,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
  type ListenerOptions,
  type TokenStore,
} from '@reverse-http/gateway';
import { exitCodes } from '../command-error.js';
import { loadGatewayConfig } from '../config/gateway-config.js';
import { type Io, writeLine } from '../io.js';
import { addressOf, isLoopbackHost } from '../listen-address.js';
import { writeGatewayRecord } from '../state/gateway-record.js';
import { type StateDirectory, stateDirectoryOf } from '../state/state-directory.js';
import { provideAdminToken } from './admin-token.js';
import { provideFirstToken } from './first-token.js';
import { createGatewayOutput, type GatewayOutput } from './gateway-output.js';
import { type GatewayFlags, settingsOf } from './gateway-settings.js';
import { createMetricsAdapter } from './metrics-adapter.js';
import { explainStartError } from './start-errors.js';

/** Runs a gateway until a signal ends it. */
export async function runGateway(flags: GatewayFlags, io: Io): Promise<number> {
  const state = stateDirectoryOf(io);
  const config = flags.config === undefined ? {} : loadGatewayConfig(flags.config, io);
  const settings = settingsOf(flags, config);
  const output = createGatewayOutput(io, flags.json ?? !io.stdout.isTTY);
  state.create();
  const store = settings.auth === 'none' ? undefined : openStore(settings, state, output);
  try {
    const tokenFile = store && (await provideFirstToken(store, state));
    let isUp = false;
    const onEvent = (event: GatewayEvent): void => {
      // One that could not start has nothing to tell but why.
      if (isUp || event.event !== 'draining') output.event(event);
    };
    const gateway = createGateway({ ...completed(settings, store, state, output), onEvent });
    let forget = (): void => {};
    // Before anything is told, because whoever reads it may answer by a signal.
    const ended = untilEnded(gateway, store, io, () => forget());
    try {
      await start(gateway, settings, (urls) => {
        forget = remember(gateway, urls, tokenFile, state);
      });
    } catch (error) {
      forget();
      throw error;
    }
    isUp = true;
    output.listening({ url: gateway.url ?? '', admin: gateway.adminUrl, tokenFile });
    warn(settings, output);
    await ended;
    return exitCodes.done;
  } finally {
    store?.close();
  }
}

function openStore({ connectors }: GatewayOptions, state: StateDirectory, output: GatewayOutput): TokenStore {
  return createTokenStore({
    path: connectors?.tokens ?? state.tokensFile,
    onError: (error) => output.note(`${messageOf(error)}; the tokens read before stay in force`),
  });
}

/** The options of the gateway itself: the store takes the place of the file's name. */
function completed(
  settings: GatewayOptions,
  store: TokenStore | undefined,
  state: StateDirectory,
  output: GatewayOutput,
): GatewayOptions {
  const { connectors: { tokens: _, ...connectors } = {}, admin, ...rest } = settings;
  return {
    ...rest,
    // Opened one by one, because only so their addresses are told where a public URL stands before them.
    listeners: [],
    connectors,
    ...(store ? { auth: store } : {}),
    admin:
      typeof admin === 'object'
        ? { token: provideAdminToken(state), ...admin, metrics: createMetricsAdapter() }
        : 'off',
    accessLog: (entry) => output.request(entry),
    onError: (error) => output.note(`Error: ${messageOf(error)}`),
  };
}

/**
 * Everything listens, or nothing does.
 *
 * @param onListening is told at once of the addresses, so far, by which connectors on this machine get in: one that waits
 *   for the gateway says hello in the next turn, and looks there for its token
 */
async function start(
  gateway: Gateway,
  settings: GatewayOptions,
  onListening: (urls: readonly string[]) => void,
): Promise<void> {
  try {
    await gateway.start();
    const urls: string[] = [];
    for (const listener of settings.listeners ?? [{}]) {
      const { url } = await gateway.listen(listener);
      if (takesConnectors(listener)) urls.push(url);
      onListening(urls);
    }
  } catch (error) {
    await gateway.abort();
    throw explainStartError(error, settings);
  }
}

function takesConnectors({ tunnel, routes }: ListenerOptions): boolean {
  const [route, ...others] = routes ?? [];
  return tunnel ?? !(route !== undefined && 'target' in route && others.length === 0);
}

/** Tells other commands of the gateway; the result takes it back. */
function remember(
  gateway: Gateway,
  urls: readonly string[],
  tokenFile: string | undefined,
  state: StateDirectory,
): () => void {
  const admin = gateway.adminUrl;
  return writeGatewayRecord(state, {
    urls,
    publicUrl: gateway.url ?? '',
    admin: admin ?? null,
    tokenFile: tokenFile ?? null,
    adminTokenFile: admin === undefined ? null : state.adminTokenFile,
  });
}

function warn(settings: GatewayOptions, output: GatewayOutput): void {
  if (settings.auth === 'none') {
    output.note('Warning: --auth none lets everybody who reaches this gateway connect as any target');
  }
  const { host, port } = addressOf(settings.listeners?.[0] ?? {});
  if (!isLoopbackHost(host) && new URL(settings.publicUrl ?? 'http://localhost').hostname === 'localhost') {
    output.note(
      `Visitors from other machines get 421 until the gateway knows its name: --public-url http://NAME-OR-ADDRESS:${port}`,
    );
  }
}

/** The first signal drains, a second one ends at once. */
function untilEnded(gateway: Gateway, store: TokenStore | undefined, io: Io, forget: () => void): Promise<void> {
  return new Promise((resolve) => {
    let ending = false;
    const stopHangUps = io.onSignal(['SIGHUP'], () => {
      void store?.refresh();
      writeLine(io.stderr, 'Tokens are read again; reloading the configuration comes later: restart to change it');
    });
    const stopSignals = io.onSignal(['SIGINT', 'SIGTERM'], () => {
      if (!ending) sayWhatRuns(gateway, io);
      const ended = ending ? gateway.abort() : gateway.close();
      ending = true;
      // Other commands must not find a gateway that is leaving.
      forget();
      void ended.then(() => {
        stopHangUps();
        stopSignals();
        resolve();
      });
    });
  });
}

function sayWhatRuns({ sessions }: Gateway, io: Io): void {
  let running = 0;
  for (const session of sessions.values()) running += session.running;
  if (running === 0) return;
  const what = running === 1 ? '1 running request has' : `${running} running requests have`;
  writeLine(io.stderr, `Ending: ${what} up to 30 s to finish; a second signal does not wait`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
