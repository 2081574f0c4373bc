import type { Command } from 'commander';
import { exitCodes } from '../command-error.js';
import { createOption } from '../option.js';
import type { CommandContext } from './command-context.js';

/** `rhttp config` */
export function addConfigCommand(program: Command, { io, end }: CommandContext): void {
  const config = program
    .command('config')
    .summary('check a configuration file, show what holds')
    .description("Checks the gateway's configuration file, and shows what holds with it.")
    .addHelpText('after', examples);
  config
    .command('check')
    .argument('<file>', 'configuration file (YAML)')
    .description(
      'Prints every problem as file:line:column: what is wrong, what was expected. Exit code 1 if there is one.',
    )
    .action(async (file: string) => {
      const { checkConfig } = await import('../config/check-config.js');
      checkConfig(file, io);
      end(exitCodes.done);
    });
  config
    .command('show')
    .argument('[file]', 'configuration file (YAML)')
    .description('Shows the configuration with every default filled in; secrets are masked.')
    .addOption(createOption('-c, --config <file>', 'the same as the argument'))
    .addOption(createOption('--json', 'print JSON'))
    .action(async (file: string | undefined, flags: { readonly config?: string; readonly json?: boolean }) => {
      const { showConfig } = await import('../config/show-config.js');
      showConfig(file ?? flags.config, flags.json === true, io);
      end(exitCodes.done);
    });
}

const examples = `
Examples:
  rhttp config check rhttp.yaml
  rhttp config show rhttp.yaml
  rhttp config show                                   what holds without a file`;
