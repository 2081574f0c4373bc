import { resolve } from 'node:path';
import {
  findOptionProblems,
  formatOptionProblem,
  type GatewayOptions,
  type OptionProblem,
} from '@reverse-http/gateway';
import { CommandError } from '../command-error.js';
import type { Io } from '../io.js';
import { type ConfigFile, type ConfigProblem, formatConfigProblem, readConfig } from './read-config.js';

/** Every problem of a gateway's configuration file, in the order of its lines. */
export function problemsOf(file: ConfigFile): readonly ConfigProblem[] {
  if (file.problems.length > 0) return file.problems;
  const options = file.value ?? {};
  const found = [...findOptionProblems(options), ...problemsOfAuth(options)].map((problem) => ({
    ...file.locate(problem.path),
    message: formatOptionProblem(problem),
  }));
  return found.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The library's option for who may connect would be passed over here, where tokens are kept in a file of their own. */
function problemsOfAuth(options: object): readonly OptionProblem[] {
  if (!('auth' in options)) return [];
  const message = 'has no place in a file: connectors.tokens names the tokens, and --auth none must be typed';
  return [{ path: ['auth'], message }];
}

/**
 * The options that a file stands for, paths in it made absolute.
 *
 * @throws CommandError with a line for each problem
 */
export function loadGatewayConfig(name: string, io: Io): GatewayOptions {
  const file = readConfig(name, io);
  const problems = problemsOf(file);
  if (problems.length > 0) throw new CommandError(problems.map((each) => formatConfigProblem(file, each)).join('\n'));
  return withAbsolutePaths((file.value ?? {}) as GatewayOptions, file.folder);
}

function withAbsolutePaths(options: GatewayOptions, folder: string): GatewayOptions {
  const tokens = options.connectors?.tokens;
  if (tokens === undefined) return options;
  return { ...options, connectors: { ...options.connectors, tokens: resolve(folder, tokens) } };
}
