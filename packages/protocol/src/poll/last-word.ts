import type { Timer } from '../session/index.js';
import { encodePollRequest } from './poll-message.js';
import type { PollRequesterOptions } from './poll-requester-options.js';

/** A kept connection may have been closed meanwhile. */
const maxAttempts = 3;

/** Posts what a transport has to say at its end; nobody waits for the answer, and after `patienceMs` it is given up. */
export function sendLastWord(
  { clock, post, session, attach }: PollRequesterOptions,
  messages: readonly Uint8Array[],
  patienceMs: number,
): void {
  const body = encodePollRequest({ session, attach, poll: undefined, messages });
  let attempts = 0;
  let giveUp = send();
  const timer: Timer = clock.setTimer(() => giveUp(), patienceMs);

  function send(): () => void {
    attempts++;
    return post('post', body, onOutcome, () => {});
  }

  function onOutcome({ kind }: { readonly kind: string }): void {
    if (kind === 'failed' && attempts < maxAttempts) giveUp = send();
    else timer.cancel();
  }
}
