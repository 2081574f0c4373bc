import { resolve } from 'node:path';
import type { CloseReason, Connection } from '@reverse-http/connector/node';
import { exitCodes } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import type { ConnectFlags } from './connect-flags.js';
import { createJsonOutput, createLinesOutput } from './connect-output.js';
import { planConnect } from './connect-plan.js';
import { connectSite } from './connect-site.js';
import { keepReadyFile } from './ready-file.js';

/** Connects one server, or several, until a signal or a refusal ends it. */
export async function runConnect(
  origin: string | undefined,
  flags: ConnectFlags,
  typed: Pick<ConnectFlags, 'token' | 'tokenFile'>,
  io: Io,
): Promise<number> {
  const state = stateDirectoryOf(io);
  const plan = planConnect(origin, flags, typed, state, io);
  warnOfProxy(plan.gateway, io);
  const output = flags.json ? createJsonOutput(io) : createLinesOutput(io, plan.sites.length > 1);
  const connections: Connection[] = [];
  try {
    for (const site of plan.sites) connections.push(connectSite(plan, site, state, output, io));
  } catch (error) {
    for (const connection of connections) connection.abort(error);
    throw error;
  }
  const stopFile =
    plan.flags.readyFile === undefined ? undefined : keepReadyFile(resolve(io.cwd, plan.flags.readyFile), connections);
  const stopSignals = endAtSignal(connections, io);
  const reasons = await Promise.all(connections.map(({ closed }) => closed));
  stopSignals();
  stopFile?.();
  return Math.max(...reasons.map(exitCodeOf));
}

/** The first signal lets running requests finish, a second one ends at once. */
function endAtSignal(connections: readonly Connection[], io: Io): () => void {
  let ending = false;
  return io.onSignal(['SIGINT', 'SIGTERM'], () => {
    for (const connection of connections) {
      if (ending) connection.abort();
      else void connection.close();
    }
    ending = true;
  });
}

function exitCodeOf({ code }: CloseReason): number {
  return code === 'closed' || code === 'aborted' ? exitCodes.done : exitCodes.refused;
}

/** Who sets it expects that it holds; without a word the dial would only fail. */
function warnOfProxy(gateway: string, io: Io): void {
  const name = gateway.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  if (!(io.env[name] ?? io.env[name.toLowerCase()]) || /\/\/(?:localhost|127\.|\[::1\])/.test(gateway)) return;
  writeLine(io.stderr, `${name} is set, and outbound proxies come later: ${gateway} is dialled directly`);
}
