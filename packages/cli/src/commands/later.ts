import type { Command } from 'commander';
import { usageError } from '../command-error.js';

/** Commands that have their place and are not there yet, with what does meanwhile. */
const laterCommands = {
  doctor: 'rhttp doctor comes later: rhttp connect says in one line what is wrong, and tries again',
  service: 'rhttp service comes later: until then let systemd or another supervisor run rhttp connect',
} as const;

/** Names the commands that come later, so that one clear line answers them. */
export function addLaterCommands(program: Command): void {
  for (const [name, line] of Object.entries(laterCommands)) {
    program
      .command(name, { hidden: true })
      .description('comes later')
      .allowUnknownOption()
      .argument('[words...]')
      .action(() => {
        throw usageError(line);
      });
  }
}
