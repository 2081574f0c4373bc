import type { OptionProblem } from './option-problem.js';
import { readGatewayOptions } from './read-options.js';

/**
 * Everything that is wrong with the options of a gateway, whatever they are; empty when {@link createGateway} takes
 * them.
 *
 * @example
 * for (const problem of findOptionProblems(parse(yaml))) console.error(formatOptionProblem(problem));
 */
export function findOptionProblems(options: unknown): readonly OptionProblem[] {
  const problems: OptionProblem[] = [];
  readGatewayOptions(options, problems);
  return problems;
}
