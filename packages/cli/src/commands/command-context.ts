import type { Io } from '../io.js';

/** What every command gets. */
export interface CommandContext {
  readonly io: Io;
  /** Says what the process is to end with. */
  end(exitCode: number): void;
}
