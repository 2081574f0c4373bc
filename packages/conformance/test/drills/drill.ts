/** What a drill is given. */
export interface DrillOptions {
  /** What chance is made of. */
  readonly seed: number;
  /** How long a drill lasts that has no end of its own. */
  readonly minutes?: number;
  /** Tells whoever watches. */
  log(line: string): void;
}

/** What a drill measured, by name. */
export type Figures = Record<string, number | string>;

/** A rehearsal with real processes: resolves with what it measured, rejects when something is not as promised. */
export type Drill = (options: DrillOptions) => Promise<Figures>;

export const transports = ['websocket', 'poll'] as const;
export type Transport = (typeof transports)[number];

/** Ends the drill when a promise is not kept. */
export function must(kept: boolean, promise: string): void {
  if (!kept) throw new Error(`not kept: ${promise}`);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs a drill's part by each transport; the figures get its name in front. */
export async function byEach(part: (transport: Transport) => Promise<Figures>): Promise<Figures> {
  const all: Figures = {};
  for (const transport of transports) {
    for (const [name, value] of Object.entries(await part(transport))) all[`${transport}: ${name}`] = value;
  }
  return all;
}
