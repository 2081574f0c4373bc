import { CommandError } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { problemsOf } from './gateway-config.js';
import { formatConfigProblem, readConfig } from './read-config.js';

/** @throws CommandError with a line for each problem of the gateway's configuration file */
export function checkConfig(name: string, io: Io): void {
  const file = readConfig(name, io);
  const problems = problemsOf(file);
  if (problems.length > 0) throw new CommandError(problems.map((each) => formatConfigProblem(file, each)).join('\n'));
  writeLine(io.stdout, `${name} is fine`);
}
