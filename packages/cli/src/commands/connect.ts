import type { Command } from 'commander';
import type { ConnectFlags } from '../connect/connect-flags.js';
import { createOption } from '../option.js';
import { durationValue, labelValue, targetValue, urlValue } from '../option-values.js';
import type { CommandContext } from './command-context.js';

/** `rhttp connect` */
export function addConnectCommand(program: Command, { io, end }: CommandContext): void {
  const command = program
    .command('connect')
    .argument('[origin]', 'what to connect: a port, host:port, a URL or unix:PATH')
    .summary('make a server reachable through a gateway')
    .description(
      `Makes a server reachable through a gateway: prints its public URL, then a line for each change, until Ctrl-C.
It never gives up by itself, and reads the token's file again at each attempt.`,
    );
  addPlaces(command);
  addSecrets(command);
  addBehaviour(command);
  command.addHelpText('after', examples).action(async (origin: string | undefined, flags: ConnectFlags) => {
    const isTyped = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
    const typed = {
      ...(isTyped('token') && flags.token !== undefined ? { token: flags.token } : {}),
      ...(isTyped('tokenFile') && flags.tokenFile !== undefined ? { tokenFile: flags.tokenFile } : {}),
      ...(isTyped('proxy') && flags.proxy !== undefined ? { proxy: flags.proxy } : {}),
    };
    const { runConnect } = await import('../connect/run-connect.js');
    end(await runConnect(origin, flags, typed, io));
  });
}

function addPlaces(command: Command): void {
  command
    .addOption(
      createOption('-t, --target <id>', "name of the target (default: the token's own, else a random one)", {
        parse: targetValue,
      }),
    )
    .addOption(
      createOption('-g, --gateway <url>', 'gateway to dial (default: the one on this machine, http://localhost:8080)', {
        parse: urlValue,
      }),
    )
    .addOption(
      createOption(
        '-c, --config <file>',
        'several targets (YAML): targets: [{ target: camera-7, to: https://10.0.0.7 }]',
        {
          env: 'RHTTP_CONNECT_CONFIG',
        },
      ),
    )
    .addOption(
      createOption('--transport <name>', 'auto, websocket or poll (default: auto)', {
        choices: ['auto', 'websocket', 'poll'],
      }),
    )
    .addOption(createOption('--host-header <preserve|rewrite|name>', 'Host that the server sees (default: preserve)'))
    .addOption(createOption('--origin-ca <file>', 'authorities (PEM) of an https server'))
    .addOption(createOption('--origin-insecure', 'take any certificate of an https server'));
}

function addSecrets(command: Command): void {
  command
    .addOption(createOption('--token-file <file>', 'file with the token (default: that of a gateway on this machine)'))
    .addOption(createOption('--token <token>', 'the token itself: everybody on this machine can read it, so it warns'))
    .addOption(createOption('--ca-file <file>', "authorities (PEM) of the gateway's certificate"))
    .addOption(
      createOption(
        '--proxy <url|off>',
        'HTTP proxy on the way to the gateway, http://name:password@host:port (default: HTTPS_PROXY or HTTP_PROXY, NO_PROXY)',
      ),
    )
    .addOption(createOption('--allow-cleartext', 'let the token travel over http: to another machine'))
    .addOption(createOption('--pin <hash>', 'comes later'));
}

function addBehaviour(command: Command): void {
  command
    .addOption(
      createOption(
        '--keep-alive <time>',
        'silence before a sign of life is asked for: 15s, 5m or auto (default: auto)',
        {
          parse: (text) => (text === 'auto' ? text : durationValue(text)),
        },
      ),
    )
    .addOption(
      createOption(
        '--on-refused <exit|retry>',
        'when the gateway refuses for good (default: exit on a terminal, else retry)',
        {
          choices: ['exit', 'retry'],
        },
      ),
    )
    .addOption(createOption('--replica <name>', 'name of this instance (default: kept in the state directory)'))
    .addOption(
      createOption('--label <name=text>', "shown in the gateway's lists; several times", { parse: labelValue }),
    )
    .addOption(createOption('--ready-file <path>', 'touched at each round trip that worked, removed while not ready'))
    .addOption(createOption('--json', 'print JSON lines'))
    .addOption(createOption('--print-systemd', 'comes later'));
}

const examples = `
Examples:
  rhttp connect 3000                                  a random target, at the gateway on this machine
  rhttp connect 3000 --target A
  rhttp connect https://10.0.0.7 --target camera-7 --gateway https://gw.example.com --token-file /etc/rhttp/token
  rhttp connect unix:/run/app.sock --target app
  rhttp connect --config site.yaml

Signals: SIGINT and SIGTERM let running requests finish, then end it; a second one ends it at once.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by the gateway.`;
