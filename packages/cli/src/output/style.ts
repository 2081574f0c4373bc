import type { Io, Output } from '../io.js';
import { printable } from '../printable.js';

/** Colours for text, or none. */
export interface Style {
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

const plain: Style = { dim: same, green: same, yellow: same, red: same };
const colours: Style = { dim: code(2, 22), green: code(32, 39), yellow: code(33, 39), red: code(31, 39) };

/** Colours where a person looks at a terminal that has them and did not say `NO_COLOR` (no-color.org). */
export function styleFor(output: Output, { env }: Io): Style {
  return output.isTTY && !env.NO_COLOR && env.TERM !== 'dumb' ? colours : plain;
}

function code(on: number, off: number): (text: string) => string {
  return (text) => `\u001b[${on}m${printable(text)}\u001b[${off}m`;
}

function same(text: string): string {
  return text;
}
