import { printable } from './printable.js';

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** What the command has to do with the world outside, so that a test can stand in for it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** What was asked for: results, and in `--json` nothing but JSON. */
  readonly stdout: Output;
  /** What stands beside it: errors, warnings, hints. */
  readonly stderr: Output;
  /** Calls `listener` at each of the signals, until the result is called. */
  onSignal(signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): () => void;
}

/** Colours of ours (`output/style.ts`): the only sequences that a line may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how they begin.
const colour = /(\x1b\[(?:2|22|3[1239])m)/;

/** One line to a stream, whatever is in it; see {@link printable}. */
export function writeLine(output: Output, line: string): void {
  const parts = line.split(colour).map((part, i) => (i % 2 ? part : printable(part)));
  output.write(`${parts.join('')}\n`);
}
