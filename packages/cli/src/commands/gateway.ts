import type { Command } from 'commander';
import type { GatewayFlags } from '../gateway/gateway-settings.js';
import { createOption } from '../option.js';
import { addressValue, authValue, portValue, urlValue } from '../option-values.js';
import type { CommandContext } from './command-context.js';

/** `rhttp gateway` */
export function addGatewayCommand(program: Command, { io, end }: CommandContext): void {
  program
    .command('gateway')
    .summary('run a gateway, which visitors and connectors reach')
    .description('Runs a gateway until Ctrl-C. At the first start it makes a token, and says where it is.')
    .addOption(createOption('-c, --config <file>', 'configuration file (YAML); flags win over it'))
    .addOption(createOption('--host <address>', 'address to listen on (default: 127.0.0.1)'))
    .addOption(
      createOption('--port <number>', 'port to listen on, 0 for a free one (default: 8080)', { parse: portValue }),
    )
    .addOption(
      createOption('--admin <address>', 'host:port of the admin listener, or off (default: 127.0.0.1:8081)', {
        parse: (text) => (text === 'off' ? text : addressValue(text)),
      }),
    )
    .addOption(
      createOption('--public-url <url>', 'how others reach this gateway; its host is served (default: the address)', {
        parse: urlValue,
      }),
    )
    .addOption(createOption('--auth <none>', 'none: let everybody connect, without a token', { parse: authValue }))
    .addOption(createOption('--json', 'print JSON lines (default: when stdout is no terminal)'))
    .addHelpText(
      'after',
      `
Examples:
  rhttp gateway                                       on this machine: http://localhost:8080
  rhttp gateway --port 8090 --admin off
  rhttp gateway --host 0.0.0.0 --public-url http://192.168.1.20:8080
  rhttp gateway --config rhttp.yaml                   check it first: rhttp config check rhttp.yaml

Signals: SIGINT and SIGTERM let running requests finish, then end it; a second one ends it at once.
SIGHUP, which rhttp reload sends, reads the configuration file and the tokens again: all of it holds, or none.`,
    )
    .action(async (flags: GatewayFlags) => {
      // Loaded when it is wanted: the other commands start twice as fast without it.
      const { runGateway } = await import('../gateway/run-gateway.js');
      end(await runGateway(flags, io));
    });
}
