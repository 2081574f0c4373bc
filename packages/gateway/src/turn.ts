/**
 * Calls functions once all that the present turn of the event loop read from sockets was handled: what many visitors
 * sent in one turn leaves in one message, and when nothing else is there to do, nothing waits.
 */
export function createTurn(): (fn: () => void) => void {
  let waiting: (() => void)[] = [];
  const run = (): void => {
    const fns = waiting;
    waiting = [];
    for (const fn of fns) fn();
  };
  return (fn) => {
    if (waiting.push(fn) === 1) setImmediate(run);
  };
}
