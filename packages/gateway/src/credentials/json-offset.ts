const space = /[ \t\r\n]*/y;
const string = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
/** Deeper is not looked into. */
const maxDepth = 64;

/**
 * Where in a JSON text the value at `path` begins; where there is none, the innermost thing around its place. In a text
 * that is no JSON: where it stops being so. `JSON.parse` does not always tell either.
 */
export function jsonOffset(text: string, path: readonly (string | number)[]): number {
  let at = 0;
  let found = 0;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const taken = pattern.exec(text)?.[0];
    if (taken !== undefined) at += taken.length;
    return taken;
  }

  /** Passes a value over; `wanted` is how much of the path led to it, -1 when it lies elsewhere. False: no JSON here. */
  function value(wanted: number, depth: number): boolean {
    take(space);
    if (wanted >= 0) found = at;
    if (depth > maxDepth) return false;
    if (text[at] === '{') return members('}', wanted, depth, true);
    if (text[at] === '[') return members(']', wanted, depth, false);
    return (take(string) ?? take(scalar)) !== undefined;
  }

  function members(end: string, wanted: number, depth: number, named: boolean): boolean {
    at++;
    take(space);
    if (text[at] === end) return ++at > 0;
    for (let index = 0; ; index++) {
      const name = named ? nameOfMember() : index;
      if (name === undefined) return false;
      const leads = wanted >= 0 && wanted < path.length && path[wanted] === name;
      if (!value(leads ? wanted + 1 : -1, depth + 1)) return false;
      take(space);
      if (text[at] === end) return ++at > 0;
      if (text[at] !== ',') return false;
      at++;
    }
  }

  function nameOfMember(): string | undefined {
    take(space);
    const name = take(string);
    if (name === undefined) return undefined;
    take(space);
    if (text[at] !== ':') return undefined;
    at++;
    return JSON.parse(name) as string;
  }

  if (!value(0, 0)) return at;
  take(space);
  return at < text.length ? at : found;
}

/** `line:column` of an offset, both from 1. */
export function formatPosition(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}
