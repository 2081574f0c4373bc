import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { CommandError } from '../command-error.js';
import type { Io } from '../io.js';
import type { ConfigPath } from './config-path.js';
import { substituteValues } from './substitute-values.js';

/** Something wrong in a file, where it stands. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A configuration file, taken apart. */
export interface ConfigFile {
  /** As it was named. */
  readonly name: string;
  /** Folder that relative paths in it start from. */
  readonly folder: string;
  /** Its content as plain data; `${ENV}` and `file:PATH` are filled in. */
  readonly value: unknown;
  /** Where the text is no YAML, or a value cannot be filled in. */
  readonly problems: readonly ConfigProblem[];
  /** Paths of values that came from `${ENV}` or `file:PATH`: they may be secret. */
  readonly filledIn: readonly ConfigPath[];
  /** Line and column of a value, or of what it would stand in. */
  locate(path: ConfigPath): { readonly line: number; readonly column: number };
}

/** @throws CommandError when the file cannot be read */
export function readConfig(name: string, io: Io): ConfigFile {
  const path = resolve(io.cwd, name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${name}: ${code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`}`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: ConfigProblem[] = document.errors.map((error) => ({
    ...at(error.pos[0]),
    message: error.message.replace(/\s+/g, ' '),
  }));
  const folder = dirname(path);
  const filledIn: ConfigPath[] = [];
  if (problems.length === 0) {
    substituteValues(
      document,
      { env: io.env, folder },
      {
        onFilledIn: (where) => filledIn.push(where),
        onProblem: (offset, message) => problems.push({ ...at(offset), message }),
      },
    );
  }
  return {
    name,
    folder,
    value: problems.length === 0 ? document.toJS() : undefined,
    problems,
    filledIn,
    locate: (where) => at(offsetOf(document.contents, where)),
  };
}

/** `rhttp.yaml:3:7: what is wrong, what was expected`, as editors and compilers have it. */
export function formatConfigProblem({ name }: ConfigFile, { line, column, message }: ConfigProblem): string {
  return `${name}:${line}:${column}: ${message}`;
}

/** The key of a field, the beginning of an item; of a path that leads nowhere, the last step that there is. */
function offsetOf(root: Node | null, path: ConfigPath): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item): item is Pair => isPair(item) && keyOf(item) === String(step));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      offset = (node as Node | null)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

function keyOf({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key);
}
