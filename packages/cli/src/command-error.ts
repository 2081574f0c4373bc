/** What the process ends with. Append-only: scripts compare them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** What ends the command: its message is the one line that the user gets. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The user typed something that cannot be meant. */
export function usageError(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
