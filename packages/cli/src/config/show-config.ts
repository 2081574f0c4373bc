import { stringify } from 'yaml';
import type { Io } from '../io.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import { effectiveConfig } from './effective-config.js';
import { loadGatewayConfig } from './gateway-config.js';
import { readConfig } from './read-config.js';

/** Prints what holds with a configuration file, or without one. */
export function showConfig(name: string | undefined, json: boolean, io: Io): void {
  const options = name === undefined ? {} : loadGatewayConfig(name, io);
  const filledIn = name === undefined ? [] : readConfig(name, io).filledIn;
  const effective = effectiveConfig(options, filledIn, stateDirectoryOf(io));
  io.stdout.write(json ? `${JSON.stringify(effective)}\n` : stringify(effective, { lineWidth: 0 }));
}
