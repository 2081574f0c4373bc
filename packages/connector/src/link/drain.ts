import type { Clock, Session } from '@reverse-http/protocol/session';
import type { StreamAcceptor } from './stream-acceptor.js';

/** Takes no new exchanges; calls `leave` when the running ones are done, or after `graceMs`. `leave` may be called twice. */
export function drain(
  session: Session,
  acceptor: StreamAcceptor,
  clock: Clock,
  graceMs: number,
  leave: () => void,
): void {
  session.mux.goAway();
  clock.setTimer(leave, graceMs);
  // Requests that crossed the goaway are refused, which the gateway must hear before the session ends.
  const lingerMs = Math.min(50 + 2 * (session.roundTripMs ?? 0), graceMs);
  const onIdle = (): void => void clock.setTimer(() => acceptor.active === 0 && leave(), lingerMs);
  acceptor.onIdle = onIdle;
  if (acceptor.active === 0) onIdle();
}
