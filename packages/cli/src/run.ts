import { CommanderError } from 'commander';
import { CommandError, exitCodes } from './command-error.js';
import { type Io, writeLine } from './io.js';
import { assertKnownCommand } from './known-command.js';
import { createProgram } from './program.js';

/**
 * Runs the command to its end.
 *
 * @param args what was typed after `rhttp`
 * @returns the exit code; whatever went wrong was told in one line
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.done;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    assertKnownCommand(args, program);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return endOfParsing(error, io);
    for (const line of describe(error, io).split('\n')) writeLine(io.stderr, line);
    if (error instanceof CommandError) return error.exitCode;
    return isBadOption(error) ? exitCodes.usage : exitCodes.failed;
  }
}

/** Help and version were printed; of anything else there is one line to make. */
function endOfParsing(error: CommanderError, io: Io): number {
  if (error.exitCode === 0) return exitCodes.done;
  if (error.code !== 'commander.help') {
    const line = error.message.replace(/^error: /, '').replace(/\n\((Did you mean .*)\)$/, '. $1');
    writeLine(io.stderr, line.charAt(0).toUpperCase() + line.slice(1));
  }
  return exitCodes.usage;
}

/** By its name: to import the class would load a library that most commands do without. */
function isBadOption(error: unknown): boolean {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === 'ReverseHttpError' && code === 'bad-option';
}

function describe(error: unknown, { env }: Io): string {
  if (!(error instanceof Error)) return String(error);
  // A bug of ours is worth its stack to whoever looks for it, and to nobody else.
  return env.RHTTP_DEBUG && error.stack ? error.stack : error.message;
}
