import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { CommandError, exitCodes } from '../command-error.js';
import { writeLine } from '../io.js';
import { type ReloadOutcome, readGatewayRecord } from '../state/gateway-record.js';
import { type StateDirectory, stateDirectoryOf } from '../state/state-directory.js';
import type { CommandContext } from './command-context.js';

/** How long to wait for what a reload came to, ms. */
const patienceMs = 30_000;

/** `rhttp reload` */
export function addReloadCommand(program: Command, { io, end }: CommandContext): void {
  program
    .command('reload')
    .summary('let the gateway read its configuration again')
    .description(
      `Sends SIGHUP to the gateway on this machine, which reads its configuration file and its tokens again, and says what
came of it. All or nothing: when anything is wrong with the file, or a port is taken, the gateway goes on as before.`,
    )
    .addHelpText(
      'after',
      `
Examples:
  rhttp reload

Nothing is cut: what runs goes on, connectors stay, and a listener that is gone finishes what it has. The admin listener and
connectors.tokens can only change by a new start.`,
    )
    .action(async () => {
      const { failed, line } = await reload(stateDirectoryOf(io));
      if (failed) throw new CommandError(line);
      writeLine(io.stdout, line);
      end(exitCodes.done);
    });
}

async function reload(state: StateDirectory): Promise<ReloadOutcome> {
  const record = readGatewayRecord(state);
  if (!record) throw new CommandError('No gateway runs on this machine: start one with rhttp gateway');
  const { pid } = record;
  const askedAt = Date.now();
  hangUp(pid);
  while (Date.now() - askedAt < patienceMs) {
    const now = readGatewayRecord(state);
    if (now?.pid !== pid) throw new CommandError(`The gateway (process ${pid}) has ended`);
    // One that began before the signal may not have seen what there is to see.
    if (now.reload && now.reload.at >= askedAt) return now.reload;
    await sleep(20);
  }
  throw new CommandError(`The gateway (process ${pid}) says nothing of what came of it: its log may tell`);
}

function hangUp(pid: number): void {
  // There a signal that the system does not know ends the process.
  if (process.platform === 'win32') {
    throw new CommandError('Windows has no SIGHUP: start the gateway again to change its configuration');
  }
  try {
    process.kill(pid, 'SIGHUP');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    throw new CommandError(`The gateway (process ${pid}) runs as another user, who may reload it`);
  }
}
