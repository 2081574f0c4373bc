import type { Command } from 'commander';
import { usageError } from './command-error.js';

/** What other programs of this kind call what ours does. */
const otherNames: Readonly<Record<string, string>> = {
  http: 'connect',
  https: 'connect',
  tcp: 'connect',
  tunnel: 'connect',
  expose: 'connect',
  share: 'connect',
  forward: 'connect',
  client: 'connect',
  agent: 'connect',
  up: 'connect',
  start: 'gateway',
  serve: 'gateway',
  server: 'gateway',
  listen: 'gateway',
  run: 'gateway',
  ls: 'status',
  list: 'status',
  ps: 'status',
  targets: 'status',
  tokens: 'token',
  disconnect: 'kick',
};

/** Whether a word is something to connect: a port, `host:port`, a URL or a socket. */
const looksLikeOrigin = /^(?:\d{1,5}|[\w.-]+:\d{1,5}|https?:\/\/\S+|unix:\S+)$/;

/**
 * Looks at the first word before anything is parsed, because a word of another program deserves a better answer than
 * "unknown command".
 *
 * @throws CommandError with the command that was meant
 */
export function assertKnownCommand(args: readonly string[], program: Command): void {
  const [word, ...rest] = args;
  if (word === undefined || word.startsWith('-') || word === 'help') return;
  if (program.commands.some((command) => command.name() === word)) return;
  if (looksLikeOrigin.test(word)) throw didYouMean(`rhttp connect ${args.join(' ')}`);
  const meant = otherNames[word.toLowerCase()];
  if (meant !== undefined) throw didYouMean(['rhttp', meant, ...rest].join(' '));
}

function didYouMean(line: string): Error {
  return usageError(`Did you mean: ${line}`);
}
