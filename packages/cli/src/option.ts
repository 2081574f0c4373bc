import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from './io.js';

/** The environment variable that stands for an option which says nothing else: `RHTTP_ADMIN_TOKEN_FILE` for `--admin-token-file`. */
const variables = new WeakMap<Option, string>();

/** How an option is made. */
interface OptionDetails {
  /** Name of its environment variable. Default: made from its name. */
  readonly env?: string;
  /** Takes the text apart; throws `InvalidArgumentError`. */
  readonly parse?: (text: string, previous: never) => unknown;
  readonly choices?: readonly string[];
}

/** An option with an environment variable, which its help names. */
export function createOption(flags: string, description: string, { env, parse, choices }: OptionDetails = {}): Option {
  const long = /--([\w-]+)/.exec(flags)![1]!;
  const name = env ?? `RHTTP_${long.replaceAll('-', '_').toUpperCase()}`;
  const option = new Option(flags, `${description} [${name}]`);
  if (parse) option.argParser(parse as (text: string, previous: unknown) => unknown);
  if (choices) option.choices(choices);
  variables.set(option, name);
  return option;
}

/**
 * Fills in from the environment what was not typed. commander's own way takes `RHTTP_JSON=0` for yes, and reads the
 * process's environment whatever it is given.
 *
 * @throws the error of commander for a value that cannot be meant
 */
export function applyEnvironment(command: Command, { env }: Io): void {
  for (const option of command.options) {
    const variable = variables.get(option);
    const text = variable === undefined ? undefined : env[variable];
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (text === undefined || text === '' || (source !== undefined && source !== 'default')) continue;
    command.setOptionValueWithSource(name, valueFrom(command, option, text, variable!), 'env');
  }
}

function valueFrom(command: Command, option: Option, text: string, variable: string): unknown {
  if (!option.required && !option.optional) return !/^(?:0|false|no|off)$/i.test(text);
  try {
    return option.parseArg ? option.parseArg(text, undefined as never) : text;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: ${variable}: value '${text}' is invalid. ${error.message}`);
  }
}
