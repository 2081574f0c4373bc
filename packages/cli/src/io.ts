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

/** One line to a stream. */
export function writeLine(output: Output, line: string): void {
  output.write(`${line}\n`);
}
