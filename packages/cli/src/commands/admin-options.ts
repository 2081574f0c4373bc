import type { Command } from 'commander';
import { createOption } from '../option.js';
import { urlValue } from '../option-values.js';

/** Which gateway a command speaks to. */
export function addAdminOptions(command: Command): Command {
  return command
    .addOption(
      createOption('--admin <url>', 'admin listener of the gateway (default: of the one on this machine)', {
        env: 'RHTTP_ADMIN_URL',
        parse: urlValue,
      }),
    )
    .addOption(createOption('--admin-token-file <file>', 'file with its admin token (default: in the state directory)'))
    .addOption(createOption('--allow-cleartext', 'let the admin token travel over http: to another machine'));
}
