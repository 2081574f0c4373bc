/** Something that is wrong with the options. */
export interface OptionProblem {
  /** Where: names of fields, and numbers of items counted from 0. */
  readonly path: OptionPath;
  /** What is wrong and what was expected, in one sentence without the path. */
  readonly message: string;
}

/** Where a value stands in the options. */
export type OptionPath = readonly (string | number)[];

/** The path and the message on one line: `listeners[0].routes[1]: ...`. */
export function formatOptionProblem({ path, message }: OptionProblem): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text === '' ? message : `${text}: ${message}`;
}
