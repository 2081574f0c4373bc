import type { Gateway, GatewayOptions } from '@reverse-http/gateway';
import type { ReloadOutcome } from '../state/gateway-record.js';
import { explainReloadError } from './start-errors.js';

/** Where the settings of a gateway come from. */
export interface SettingsSource {
  /** The configuration file as it was named; undefined: there is none. */
  readonly file: string | undefined;
  /** @throws CommandError with a line for each problem */
  read(): GatewayOptions;
  /** The options that a gateway is made with under these settings. */
  complete(settings: GatewayOptions): GatewayOptions;
}

/** Reads the settings again, and lets the gateway go over to them: all of them, or none. Gives those in force. */
export async function reloadGateway(
  gateway: Gateway,
  before: GatewayOptions,
  { file, read, complete }: SettingsSource,
): Promise<{ readonly settings: GatewayOptions; readonly outcome: ReloadOutcome }> {
  const at = Date.now();
  try {
    const settings = read();
    await gateway.reload(complete(settings));
    const what = file === undefined ? 'the tokens (there is no configuration file)' : `${file} and the tokens`;
    return { settings, outcome: { at, failed: false, line: `Reloaded ${what}` } };
  } catch (error) {
    const line = `Not reloaded, all goes on as before: ${explainReloadError(error, before, file)}`;
    return { settings: before, outcome: { at, failed: true, line } };
  }
}
