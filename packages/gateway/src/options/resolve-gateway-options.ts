import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { GatewayOptions, ListenerOptions } from '../gateway-options.js';
import { formatOptionProblem, type OptionProblem } from './option-problem.js';
import { readGatewayOptions, readListenerOptions } from './read-options.js';
import type { ListenerLimits, ResolvedGatewayOptions, ResolvedListener } from './resolved-options.js';

/**
 * Checks the options of a gateway and fills in the defaults.
 *
 * @throws ReverseHttpError `bad-option`, with the first problem that there is.
 */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  return orThrow((problems) => readGatewayOptions(options, problems));
}

/** The same for a listener that is added later. */
export function resolveListenerOptions(options: ListenerOptions, limits: ListenerLimits): ResolvedListener {
  return orThrow((problems) => readListenerOptions(options, limits, problems));
}

function orThrow<T>(read: (problems: OptionProblem[]) => T): T {
  const problems: OptionProblem[] = [];
  const values = read(problems);
  const [first] = problems;
  if (first) throw new ReverseHttpError('bad-option', formatOptionProblem(first));
  return values;
}
