import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Document, isPair, isScalar, isSeq, parse, type Scalar, visit } from 'yaml';
import type { ConfigPath } from './config-path.js';

/** Where values come from. */
interface ValueSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that the paths of `file:` start from. */
  readonly folder: string;
}

interface SubstitutionHandler {
  onFilledIn(path: ConfigPath): void;
  onProblem(offset: number, message: string): void;
}

/** Fills in `${NAME}` from the environment, and `file:PATH` by the content of the file, wherever a text stands. */
export function substituteValues(document: Document, sources: ValueSources, handler: SubstitutionHandler): void {
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string') return;
      const filled = fillIn(node as Scalar<string>, sources, (message) =>
        handler.onProblem(node.range?.[0] ?? 0, message),
      );
      if (filled === node.value) return;
      node.value = filled;
      handler.onFilledIn(pathOf([...ancestors, node]));
    },
  });
}

function fillIn(node: Scalar<string>, { env, folder }: ValueSources, onProblem: (message: string) => void): unknown {
  const text = node.value;
  if (text.startsWith('file:')) {
    const path = resolve(folder, text.slice(5));
    try {
      return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      onProblem(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
      return text;
    }
  }
  if (!text.includes('${')) return text;
  const filled = text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    const value = env[name];
    if (value === undefined) onProblem(`the environment variable ${name} is not set`);
    return value ?? whole;
  });
  // Without quotes it is what the file would say with the value in its place: a number where it is one.
  return node.type === 'PLAIN' && /^\$\{[^}]*\}$/.test(text) ? scalarOf(filled) : filled;
}

function scalarOf(text: string): unknown {
  try {
    const value: unknown = parse(text);
    return typeof value === 'number' || typeof value === 'boolean' ? value : text;
  } catch {
    return text;
  }
}

function pathOf(nodes: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  nodes.forEach((node, i) => {
    if (isPair(node)) path.push(String(isScalar(node.key) ? node.key.value : node.key));
    else if (isSeq(node) && i + 1 < nodes.length) path.push(node.items.indexOf(nodes[i + 1]));
  });
  return path;
}
