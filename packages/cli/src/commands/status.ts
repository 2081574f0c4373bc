import type { TargetStatus } from '@reverse-http/gateway';
import type { Command } from 'commander';
import { createAdminClient } from '../admin/admin-client.js';
import { type AdminFlags, findAdmin } from '../admin/find-admin.js';
import { exitCodes } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { createOption } from '../option.js';
import { formatStatus } from '../output/status-table.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import { addAdminOptions } from './admin-options.js';
import type { CommandContext } from './command-context.js';

interface StatusFlags extends AdminFlags {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** How often `--watch` looks, ms. */
const watchMs = 2000;

/** `rhttp status` */
export function addStatusCommand(program: Command, { io, end }: CommandContext): void {
  const command = program
    .command('status')
    .summary('show what is connected')
    .description('Shows the targets that are connected: replicas, transport, since when, requests, bytes.')
    .addOption(createOption('--json', 'print JSON: one line with all targets'))
    .addOption(createOption('-w, --watch', 'show it again every 2 s, until Ctrl-C', { env: 'RHTTP_WATCH' }));
  addAdminOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  rhttp status
  rhttp status --json
  rhttp status --watch
  rhttp status --admin http://127.0.0.1:8081 --admin-token-file admin-token`,
    )
    .action(async (flags: StatusFlags) => {
      if (flags.watch) await watch(flags, io);
      else await show(flags, io);
      end(exitCodes.done);
    });
}

async function show(flags: StatusFlags, io: Io): Promise<void> {
  const client = createAdminClient(findAdmin(flags, stateDirectoryOf(io), io));
  const targets = await client.all<TargetStatus>('/api/v1/targets', 'targets');
  const lines = flags.json ? [JSON.stringify({ targets })] : formatStatus(targets, Date.now());
  if (flags.watch && !flags.json && io.stdout.isTTY) io.stdout.write('\u001b[H\u001b[2J');
  for (const line of lines) writeLine(io.stdout, line);
}

async function watch(flags: StatusFlags, io: Io): Promise<void> {
  let ended = false;
  let wake = (): void => {};
  const stop = io.onSignal(['SIGINT', 'SIGTERM'], () => {
    ended = true;
    wake();
  });
  try {
    while (!ended) {
      await show(flags, io);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended) resolve();
        else setTimeout(resolve, watchMs);
      });
    }
  } finally {
    stop();
  }
}
