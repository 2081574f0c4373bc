import { resolve } from 'node:path';
import type { NewToken, TokenEntry, TokenStore } from '@reverse-http/gateway';
import type { Command } from 'commander';
import { waitForToken } from '../admin/wait-for-token.js';
import { CommandError, exitCodes, usageError } from '../command-error.js';
import { formatDuration } from '../duration.js';
import { type Io, writeLine } from '../io.js';
import { createOption } from '../option.js';
import { durationValue, listValue } from '../option-values.js';
import { formatTable } from '../output/table.js';
import { stateDirectoryOf } from '../state/state-directory.js';
import type { CommandContext } from './command-context.js';

interface StoreFlags {
  readonly tokens?: string;
  readonly config?: string;
}

interface CreateFlags extends StoreFlags {
  readonly target?: readonly string[];
  readonly owner?: string;
  readonly expires?: number;
}

/** `rhttp token` */
export function addTokenCommand(program: Command, { io, end }: CommandContext): void {
  const token = program
    .command('token')
    .summary('make, list, revoke and rotate tokens of connectors')
    .description(
      `Makes, lists, revokes and rotates the tokens by which connectors are let in, in the gateway's file of hashed tokens.
A running gateway notices within a second.`,
    )
    .addHelpText(
      'after',
      `
Examples:
  rhttp token create --target 'line-4-*' --expires 90d > token
  rhttp token list
  rhttp token revoke 5f3a91c2d4e5
  rhttp token rotate 5f3a91c2d4e5 --overlap 30d > token`,
    );
  const act = <T extends StoreFlags>(work: (store: TokenStore, flags: T) => Promise<void>) => {
    return async (flags: T): Promise<void> => {
      await withStore(flags, io, (store) => work(store, flags));
      end(exitCodes.done);
    };
  };
  addCreate(token, io, act);
  storeOptions(token.command('list').description('Lists the tokens; the secrets themselves are not kept.'))
    .addOption(createOption('--json', 'print JSON: one line with all tokens'))
    .action(act(async (store, { json }: StoreFlags & { readonly json?: boolean }) => list(store, json === true, io)));
  storeOptions(token.command('revoke').argument('<id>', 'as rhttp token list names it'))
    .description('Revokes a token: its sessions end at once.')
    .action((id: string, flags: StoreFlags) => act(async (store: TokenStore) => revoke(store, id, io))(flags));
  addRotate(token, io, act);
}

type Act = <T extends StoreFlags>(work: (store: TokenStore, flags: T) => Promise<void>) => (flags: T) => Promise<void>;

function addCreate(token: Command, io: Io, act: Act): void {
  storeOptions(token.command('create'))
    .description('Makes a token. It is printed this once, alone on stdout; what else there is to say goes to stderr.')
    .addOption(
      createOption('-t, --target <pattern>', "target it allows, * for any text; several times (default: '*')", {
        env: 'RHTTP_TOKEN_TARGET',
        parse: listValue,
      }),
    )
    .addOption(
      createOption('--owner <name>', 'whose targets they are (default: default)', { env: 'RHTTP_TOKEN_OWNER' }),
    )
    .addOption(
      createOption('--expires <time>', 'for how long, such as 90d (default: for ever)', {
        env: 'RHTTP_TOKEN_EXPIRES',
        parse: durationValue,
      }),
    )
    .action(
      act(async (store, { target, owner, expires }: CreateFlags) => {
        const wanted = {
          ...(target === undefined ? {} : { targets: target }),
          ...(owner === undefined ? {} : { owner }),
          ...(expires === undefined ? {} : { expiresInMs: expires }),
        };
        await printNew(await store.create(wanted), io);
      }),
    );
}

function addRotate(token: Command, io: Io, act: Act): void {
  storeOptions(token.command('rotate').argument('<id>', 'as rhttp token list names it'))
    .description('Makes a token for the same targets; the old one goes on working for a while.')
    .addOption(
      createOption('--overlap <time>', 'how long the old one goes on working, such as 30d', {
        env: 'RHTTP_TOKEN_OVERLAP',
        parse: durationValue,
      }),
    )
    .action(async (id: string, flags: StoreFlags & { readonly overlap?: number }) => {
      const { overlap } = flags;
      if (overlap === undefined) {
        throw usageError(`Say how long the old token goes on working: rhttp token rotate ${id} --overlap 30d`);
      }
      await act(async (store: TokenStore) => {
        const made = await store.rotate(id, overlap);
        if (!made) throw noSuchToken(id);
        await printNew(made, io);
        writeLine(io.stderr, `The old token ${id} goes on working for ${formatDuration(overlap)}`);
      })(flags);
    });
}

function storeOptions(command: Command): Command {
  return command
    .addOption(createOption('--tokens <file>', 'file of hashed tokens (default: in the state directory)'))
    .addOption(
      createOption('-c, --config <file>', "the gateway's configuration file, which may name it (connectors.tokens)"),
    );
}

async function withStore(flags: StoreFlags, io: Io, work: (store: TokenStore) => Promise<void>): Promise<void> {
  const state = stateDirectoryOf(io);
  const { createTokenStore } = await import('@reverse-http/gateway');
  const { loadGatewayConfig } = await import('../config/gateway-config.js');
  const configured = flags.config === undefined ? undefined : loadGatewayConfig(flags.config, io).connectors?.tokens;
  const path = flags.tokens === undefined ? configured : resolve(io.cwd, flags.tokens);
  if (path === undefined) state.create();
  const store = createTokenStore({ path: path ?? state.tokensFile });
  try {
    await work(store);
  } finally {
    store.close();
  }
}

async function printNew({ token, entry }: NewToken, io: Io): Promise<void> {
  await waitForToken(entry.id, stateDirectoryOf(io));
  writeLine(io.stdout, token);
  const until = entry.expiresAt === null ? 'until it is revoked' : `until ${entry.expiresAt}`;
  writeLine(io.stderr, `Token ${entry.id} for ${entry.targets.join(', ')} (owner ${entry.owner}), ${until}`);
  writeLine(io.stderr, 'It is shown this once: keep it in a file that its user alone can read, for --token-file');
}

function list(store: TokenStore, json: boolean, io: Io): void {
  const tokens = store.list();
  if (json) return writeLine(io.stdout, JSON.stringify({ tokens }));
  if (tokens.length === 0) return writeLine(io.stderr, 'There are no tokens: rhttp token create --target A');
  const rows = tokens.map((entry) => [entry.id, entry.targets.join(','), entry.owner, entry.createdAt, stateOf(entry)]);
  for (const line of formatTable([['ID', 'TARGETS', 'OWNER', 'CREATED', 'STATE'], ...rows])) writeLine(io.stdout, line);
}

function stateOf({ revokedAt, expiresAt }: TokenEntry): string {
  if (revokedAt !== null) return `revoked ${revokedAt}`;
  if (expiresAt === null) return 'good';
  return Date.parse(expiresAt) <= Date.now() ? `expired ${expiresAt}` : `good until ${expiresAt}`;
}

async function revoke(store: TokenStore, id: string, io: Io): Promise<void> {
  if (!(await store.revoke(id))) throw noSuchToken(id);
  writeLine(io.stdout, `Revoked ${id}`);
}

function noSuchToken(id: string): CommandError {
  return new CommandError(`There is no token ${id}: rhttp token list names them`);
}
