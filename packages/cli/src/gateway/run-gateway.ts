import {
  createGateway,
  createTokenStore,
  type Gateway,
  type GatewayEvent,
  type GatewayOptions,
  type ListenerOptions,
  type MetricsAdapter,
  type TokenStore,
} from '@reverse-http/gateway';
import { exitCodes } from '../command-error.js';
import { loadGatewayConfig } from '../config/gateway-config.js';
import { type Io, writeLine } from '../io.js';
import { addressOf, isLoopbackHost } from '../listen-address.js';
import {
  forgetGatewayRecord,
  type GatewayRecord,
  ownsGatewayRecord,
  type ReloadOutcome,
  writeGatewayRecord,
} from '../state/gateway-record.js';
import { type StateDirectory, stateDirectoryOf } from '../state/state-directory.js';
import { provideAdminToken } from './admin-token.js';
import { provideFirstToken } from './first-token.js';
import { createGatewayOutput, type GatewayOutput } from './gateway-output.js';
import { type GatewayFlags, settingsOf } from './gateway-settings.js';
import { createMetricsAdapter } from './metrics-adapter.js';
import { reloadGateway, type SettingsSource } from './reload-gateway.js';
import { explainStartError } from './start-errors.js';

/** Runs a gateway until a signal ends it. */
export async function runGateway(flags: GatewayFlags, io: Io): Promise<number> {
  const state = stateDirectoryOf(io);
  const read = (): GatewayOptions =>
    settingsOf(flags, flags.config === undefined ? {} : loadGatewayConfig(flags.config, io));
  let settings = read();
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
    const source = { file: flags.config, read, complete: completion(store, state, output, onEvent) };
    const gateway = createGateway(source.complete(settings));
    const tellOthers = (reload: ReloadOutcome | null): void =>
      writeGatewayRecord(state, { ...whereabouts(gateway, settings, state), tokenFile: tokenFile ?? null, reload });
    const reload = async (): Promise<void> => {
      await store?.refresh();
      const { outcome, ...now } = await reloadGateway(gateway, settings, source);
      ({ settings } = now);
      output.note(outcome.line);
      if (ownsGatewayRecord(state)) tellOthers(outcome);
    };
    // Before anything is told, because whoever reads it may answer by a signal.
    const ended = untilEnded(gateway, io, { onHangUp: reload, onEnding: () => forgetGatewayRecord(state) });
    try {
      await gateway.start();
      // In the same turn: a connector that waits for this gateway says hello in the next, and looks there for its token.
      tellOthers(null);
    } catch (error) {
      await gateway.abort();
      throw explainStartError(error, settings);
    }
    isUp = true;
    output.listening({ url: gateway.url ?? '', admin: gateway.adminUrl, tokenFile });
    warn(settings, output);
    await ended;
    return exitCodes.done;
  } finally {
    output.end();
    store?.close();
  }
}

function openStore({ connectors }: GatewayOptions, state: StateDirectory, output: GatewayOutput): TokenStore {
  return createTokenStore({
    path: connectors?.tokens ?? state.tokensFile,
    onError: (error) => output.note(`${messageOf(error)}; the tokens read before stay in force`),
  });
}

/** Makes the options of the gateway itself of settings: the store takes the place of the file's name. */
function completion(
  store: TokenStore | undefined,
  state: StateDirectory,
  output: GatewayOutput,
  onEvent: (event: GatewayEvent) => void,
): SettingsSource['complete'] {
  // The same at every reload: they are what a gateway keeps from its making to its end.
  let metrics: MetricsAdapter | undefined;
  const accessLog = output.request;
  const onError = (error: unknown): void => output.note(`Error: ${messageOf(error)}`);
  return (settings) => {
    const { auth, admin } = settings;
    // Not where nobody asks: it watches the whole process.
    if (typeof admin === 'object') metrics ??= createMetricsAdapter();
    return {
      ...settings,
      ...(auth === 'none' || !store ? {} : { auth: store }),
      admin: typeof admin === 'object' ? { token: provideAdminToken(state), ...admin, metrics } : 'off',
      accessLog,
      onError,
      onEvent,
    };
  };
}

/** Where other commands find the gateway, and its connectors theirs. */
function whereabouts(
  gateway: Gateway,
  { listeners = [{}] }: GatewayOptions,
  state: StateDirectory,
): Pick<GatewayRecord, 'urls' | 'publicUrl' | 'admin' | 'adminTokenFile'> {
  const admin = gateway.adminUrl ?? null;
  return {
    urls: gateway.listeners.filter((_, i) => takesConnectors(listeners[i]!)).map(({ url }) => url),
    publicUrl: gateway.url ?? '',
    admin,
    adminTokenFile: admin === null ? null : state.adminTokenFile,
  };
}

function takesConnectors({ tunnel, routes }: ListenerOptions): boolean {
  const [route, ...others] = routes ?? [];
  return tunnel ?? !(route !== undefined && 'target' in route && others.length === 0);
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
function untilEnded(
  gateway: Gateway,
  io: Io,
  { onHangUp, onEnding }: { onHangUp(): Promise<void>; onEnding(): void },
): Promise<void> {
  return new Promise((resolve) => {
    let ending = false;
    let heard: Promise<void> = Promise.resolve();
    const stopHangUps = io.onSignal(['SIGHUP'], () => {
      heard = heard.then(onHangUp).catch((error: unknown) => writeLine(io.stderr, `Error: ${messageOf(error)}`));
    });
    const stopSignals = io.onSignal(['SIGINT', 'SIGTERM'], () => {
      if (!ending) sayWhatRuns(gateway, io);
      const ended = ending ? gateway.abort() : gateway.close();
      ending = true;
      // Other commands must not find a gateway that is leaving.
      onEnding();
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
