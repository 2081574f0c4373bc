import type { Command } from 'commander';
import { CommandError, exitCodes } from '../command-error.js';
import { writeLine } from '../io.js';
import { readGatewayRecord } from '../state/gateway-record.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import type { CommandContext } from './command-context.js';

/** `rhttp reload` */
export function addReloadCommand(program: Command, { io, end }: CommandContext): void {
  program
    .command('reload')
    .summary('let the gateway read its tokens again')
    .description(
      `Sends SIGHUP to the gateway on this machine, which reads its tokens again.
Reloading the configuration comes later.`,
    )
    .addHelpText('after', '\nExamples:\n  rhttp reload')
    .action(() => {
      const record = readGatewayRecord(stateDirectoryOf(io));
      if (!record) throw new CommandError('No gateway runs on this machine: start one with rhttp gateway');
      process.kill(record.pid, 'SIGHUP');
      writeLine(io.stdout, `Told the gateway (process ${record.pid}) to read its tokens again`);
      end(exitCodes.done);
    });
}
