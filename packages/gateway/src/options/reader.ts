import { nearestName } from './nearest-name.js';
import type { OptionPath, OptionProblem } from './option-problem.js';

/** Reads one part of the options: what is wrong is told, and something of the right kind comes back all the same. */
export type Reader<T> = (value: unknown, path: OptionPath, problems: OptionProblem[]) => T;

/** Takes a value apart; throws a `TypeError` whose message says what is wrong and what was expected. */
export type Parse<T> = (value: unknown) => T;

/** A value, or what holds where nothing is given (an empty value of a YAML file counts as nothing). */
export function given<T, F>(parse: Parse<T>, fallback: F): Reader<T | F> {
  return (value, path, problems) => {
    if (value === undefined || value === null) return fallback;
    try {
      return parse(value);
    } catch (error) {
      problems.push({ path, message: error instanceof Error ? error.message : String(error) });
      return fallback;
    }
  };
}

/** A value that must be there. */
export function required<T>(parse: Parse<T>, stand: T): Reader<T> {
  const read = given(parse, stand);
  return (value, path, problems) => {
    if (value === undefined || value === null) problems.push({ path, message: 'must be given' });
    return read(value, path, problems);
  };
}

/**
 * An object with these fields and no others.
 *
 * @param later Fields that have their place but are not there yet.
 */
export function section<T extends object>(
  fields: { readonly [K in keyof T]-?: Reader<T[K]> },
  later: readonly string[] = [],
): Reader<T> {
  const readers = Object.entries(fields) as [string, Reader<unknown>][];
  const names = readers.map(([name]) => name);
  return (value, path, problems) => {
    if (value !== undefined && value !== null && !isPlainObject(value)) {
      problems.push({ path, message: `is ${typeof value}, where an object with ${names.join(', ')} was expected` });
    }
    const object = isPlainObject(value) ? value : {};
    for (const name of Object.keys(object)) {
      if (names.includes(name)) continue;
      if (object[name] !== undefined)
        problems.push({ path: [...path, name], message: unknownName(name, names, later) });
    }
    return Object.fromEntries(
      readers.map(([name, read]) => [name, read(object[name], [...path, name], problems)]),
    ) as T;
  };
}

/** A list of such items. */
export function list<T>(item: Reader<T>, fallback: () => readonly T[]): Reader<readonly T[]> {
  return (value, path, problems) => {
    if (value === undefined || value === null) return fallback();
    if (Array.isArray(value)) return value.map((each, i) => item(each, [...path, i], problems));
    problems.push({ path, message: 'is not a list' });
    return fallback();
  };
}

/** What to say about a name that stands for nothing. */
export function unknownName(name: string, names: readonly string[], later: readonly string[] = []): string {
  if (later.includes(name)) return 'comes later: this version does not have it yet';
  const near = nearestName(name, names);
  return `there is no such option${near === undefined ? `; known are ${names.join(', ')}` : `; did you mean "${near}"?`}`;
}

/** Whether a value is an object with fields, neither list nor null. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
