/** What the simulator found wrong. */
class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}

/** Fails the run unless `condition` holds. */
export function assertThat(condition: boolean, message: string): asserts condition {
  if (!condition) throw new SimulationFailure(message);
}
