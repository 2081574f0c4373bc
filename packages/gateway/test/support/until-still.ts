/** Turns of the event loop without a change that count as stillness: sockets are looked at in each. */
const stillTurns = 300;

/** Resolves when something has stopped moving: nobody tells of bytes that are not sent. */
export async function untilStill(measure: () => number): Promise<number> {
  let last = measure();
  for (let turn = 0; turn < stillTurns; turn++) {
    await new Promise(setImmediate);
    const now = measure();
    if (now !== last) turn = 0;
    last = now;
  }
  return last;
}
