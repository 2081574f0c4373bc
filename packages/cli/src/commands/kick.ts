import type { Command } from 'commander';
import { createAdminClient } from '../admin/admin-client.js';
import { type AdminFlags, findAdmin } from '../admin/find-admin.js';
import { exitCodes, usageError } from '../command-error.js';
import { formatDuration } from '../duration.js';
import { type Io, writeLine } from '../io.js';
import { createOption } from '../option.js';
import { durationValue } from '../option-values.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import { addAdminOptions } from './admin-options.js';
import type { CommandContext } from './command-context.js';

interface KickFlags extends AdminFlags {
  /** ms */
  readonly for?: number;
  readonly session?: string;
}

/** `rhttp kick` */
export function addKickCommand(program: Command, { io, end }: CommandContext): void {
  const command = program
    .command('kick')
    .argument('[target]', 'target whose connectors are to go')
    .summary('disconnect a target, or one session')
    .description('Disconnects the connectors of a target, or one session. Without --for they may come back at once.')
    .addOption(
      createOption('--for <time>', 'keep it out for so long, such as 10m', {
        env: 'RHTTP_KICK_FOR',
        parse: durationValue,
      }),
    )
    .addOption(
      createOption('--session <id>', 'one session, as rhttp status --json names it', { env: 'RHTTP_KICK_SESSION' }),
    );
  addAdminOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  rhttp kick camera-7
  rhttp kick camera-7 --for 10m
  rhttp kick --session 0f3a91c2d4e5.6b7c`,
    )
    .action(async (target: string | undefined, flags: KickFlags) => {
      await kick(target, flags, io);
      end(exitCodes.done);
    });
}

async function kick(target: string | undefined, flags: KickFlags, io: Io): Promise<void> {
  const { session } = flags;
  if ((target === undefined) === (session === undefined)) {
    throw usageError('Name a target or a session: rhttp kick TARGET, or rhttp kick --session ID');
  }
  const client = createAdminClient(findAdmin(flags, stateDirectoryOf(io), io));
  const path =
    target === undefined ? `sessions/${encodeURIComponent(session!)}` : `targets/${encodeURIComponent(target)}`;
  const query = flags.for === undefined ? '' : `?for=${flags.for}ms`;
  const { sessions } = (await client.delete(`/api/v1/${path}${query}`)) as { readonly sessions: number };
  const who = target ?? `session ${session}`;
  const kept = flags.for === undefined ? '' : `, kept out for ${formatDuration(flags.for)}`;
  writeLine(io.stdout, `Kicked ${who}: ${sessions} session${sessions === 1 ? '' : 's'}${kept}`);
}
