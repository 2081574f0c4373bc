import { type Output, writeLine } from '../io.js';

/** One JSON line with the time first; fields that are undefined are left out. */
export function writeJsonLine(output: Output, fields: object, time: string = new Date().toISOString()): void {
  writeLine(output, JSON.stringify({ time, ...fields }));
}
