/**
 * Out-of-order bytes that each end is ready to hold, unless its hello or welcome says otherwise; so no sender has more
 * data unacked than this. Bytes.
 */
export const defaultMaxUnackedBytes: number = 16 * 1024 * 1024;

/** An announced bound below this counts as this: a sender needs room for a head and for an ack's way back. Bytes. */
export const leastMaxUnackedBytes: number = 256 * 1024;

/** Credit and reset may be unacked beyond the bound by this much; more ends the session. Bytes. */
export const maxUnackedControlBytes: number = 256 * 1024;

/** Bounds of the sending half of a pipe. */
export interface PipeSenderLimits {
  /** Sent and not acked: what data may add up to at first. Default 1 MiB. */
  readonly minUnackedBytes: number;
  /** The same when rate and round trip ask for more. Default 16 MiB; the peer's announcement, where that is less. */
  readonly maxUnackedBytes: number;
  /** Credit and reset beyond that; more ends the session. Default 256 KiB. */
  readonly maxControlBytes: number;
}

/** Defaults of {@link PipeSenderLimits}. */
export const defaultPipeSenderLimits: PipeSenderLimits = {
  minUnackedBytes: 1024 * 1024,
  maxUnackedBytes: defaultMaxUnackedBytes,
  maxControlBytes: maxUnackedControlBytes,
};

/** The sender's bounds towards a peer that holds at most `announced` bytes out of order. */
export function pipeSenderLimits(announced: number = defaultMaxUnackedBytes): PipeSenderLimits {
  const maxUnackedBytes = Math.max(Math.min(announced, defaultMaxUnackedBytes), leastMaxUnackedBytes);
  return {
    minUnackedBytes: Math.min(defaultPipeSenderLimits.minUnackedBytes, maxUnackedBytes),
    maxUnackedBytes,
    maxControlBytes: maxUnackedControlBytes,
  };
}

/** Memory shared by several holders, as a process's. */
export interface ByteBudget {
  /** Takes `bytes`, or nothing. */
  take(bytes: number): boolean;
  /** Gives back what was taken. */
  give(bytes: number): void;
}
