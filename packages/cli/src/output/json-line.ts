import type { Output } from '../io.js';
import { printable } from '../printable.js';

/** What a JSON line says first. */
export interface JsonLine {
  /** ISO 8601. */
  readonly time: string;
  readonly event: string;
}

/** Writes `line` as one line of JSON; fields that are undefined are left out. */
export function writeJsonLine<Line extends JsonLine>(output: Output, line: Line): void {
  output.write(`${printable(JSON.stringify(line))}\n`);
}
