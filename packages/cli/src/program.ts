import { Command } from 'commander';
import { addConfigCommand } from './commands/config.js';
import { addConnectCommand } from './commands/connect.js';
import { addGatewayCommand } from './commands/gateway.js';
import { addKickCommand } from './commands/kick.js';
import { addLaterCommands } from './commands/later.js';
import { addReloadCommand } from './commands/reload.js';
import { addStatusCommand } from './commands/status.js';
import { addTokenCommand } from './commands/token.js';
import type { Io } from './io.js';
import { applyEnvironment } from './option.js';
import { version } from './version.js';

/** The command with all that it understands. */
export function createProgram(io: Io, end: (exitCode: number) => void): Command {
  const program = new Command('rhttp')
    .description(
      'Makes an HTTP server that cannot accept connections reachable through a gateway, and runs the gateway.',
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError(false)
    .addHelpText('after', help)
    .hook('preAction', (_, command) => applyEnvironment(command, io));
  const context = { io, end };
  addGatewayCommand(program, context);
  addConnectCommand(program, context);
  addStatusCommand(program, context);
  addTokenCommand(program, context);
  addKickCommand(program, context);
  addConfigCommand(program, context);
  addReloadCommand(program, context);
  addLaterCommands(program);
  for (const command of withDescendants(program)) {
    // Parsing throws, and what there is to say is made into one line where it is caught.
    command.exitOverride().configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => 120,
    });
  }
  return program;
}

const help = `
Examples:
  rhttp gateway                       run a gateway on http://localhost:8080
  rhttp connect 3000 --target A       in another window: http://localhost:8080/gw/A/ -> http://127.0.0.1:3000
  rhttp status                        what is connected

Every option has an environment variable, which its help names in brackets; what is typed wins.
State directory: RHTTP_STATE_DIR, else $XDG_STATE_HOME/rhttp, else ~/.local/state/rhttp.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by the gateway.`;

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}
