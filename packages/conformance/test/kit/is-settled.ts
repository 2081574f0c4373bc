/** Asks whether a promise has come to an end. */
export function isSettled(promise: Promise<unknown>): () => boolean {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  return () => settled;
}
