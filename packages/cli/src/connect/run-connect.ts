import { resolve } from 'node:path';
import type { CloseReason, Connection } from '@reverse-http/connector/node';
import { exitCodes } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import type { ConnectFlags, TypedSecrets } from './connect-flags.js';
import { createJsonOutput, createLinesOutput } from './connect-output.js';
import { planConnect } from './connect-plan.js';
import { connectSites } from './connect-sites.js';
import { keepReadyFile } from './ready-file.js';

/** Connects one server, or several, until a signal or a refusal ends it. */
export async function runConnect(
  origin: string | undefined,
  flags: ConnectFlags,
  typed: TypedSecrets,
  io: Io,
): Promise<number> {
  const state = stateDirectoryOf(io);
  const plan = planConnect(origin, flags, typed, state, io);
  const output = flags.json ? createJsonOutput(io) : createLinesOutput(io);
  const { connection, ended } = connectSites(plan, state, output, io);
  const { readyFile } = plan.flags;
  const stopFile =
    readyFile === undefined
      ? undefined
      : keepReadyFile(resolve(io.cwd, readyFile), connection, (message) =>
          writeLine(io.stderr, `--ready-file: ${message}`),
        );
  const stopSignals = endAtSignal(connection, io);
  const reason = await ended;
  stopSignals();
  stopFile?.();
  return exitCodeOf(reason);
}

/** The first signal lets running requests finish, a second one ends at once. */
function endAtSignal(connection: Connection, io: Io): () => void {
  let ending = false;
  return io.onSignal(['SIGINT', 'SIGTERM'], () => {
    if (ending) connection.abort();
    else void connection.close();
    ending = true;
  });
}

function exitCodeOf({ code }: CloseReason): number {
  return code === 'closed' || code === 'aborted' ? exitCodes.done : exitCodes.refused;
}
