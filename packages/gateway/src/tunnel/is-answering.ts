import type { Clock, Session } from '@reverse-http/protocol/session';

/** How long an incumbent has for its sign of life, ms; longer where four round trips are. */
const leastPatienceMs = 2000;

/**
 * Whether the peer of a session is there: it is asked for a sign of life. One without a transport is not.
 */
export function isAnswering(session: Session, clock: Clock): Promise<boolean> {
  if (session.state.state !== 'attached') return Promise.resolve(false);
  return new Promise((resolve) => {
    const patience = Math.max(leastPatienceMs, 4 * (session.roundTripMs ?? 0));
    const timer = clock.setTimer(() => resolve(false), patience);
    session.probe(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
