import type { Timer } from '../session/index.js';
import type { Batch } from './batch.js';
import { maxMessagesPerBody, pollRequestBody } from './poll-message.js';
import type { PollRequesterOptions } from './poll-requester-options.js';

/** A kept connection may have been closed meanwhile. */
const maxAttempts = 3;

/** The last messages, and before them those that were not answered yet, the latest first, as far as there is room in bytes. */
export function gatherLastWord(last: Batch, unanswered: readonly Batch[], room: number): readonly Uint8Array[] {
  const messages = [...last.messages];
  let left = room;
  for (const batch of [...unanswered].reverse()) {
    left -= batch.bytes;
    if (left < 0 || messages.length + batch.messages.length > maxMessagesPerBody) break;
    messages.unshift(...batch.messages);
  }
  return messages;
}

/** Posts what a transport has to say at its end; nobody waits for the answer, and after `patienceMs` it is given up. */
export function sendLastWord(
  { clock, post, session, attach }: PollRequesterOptions,
  messages: readonly Uint8Array[],
  patienceMs: number,
): void {
  const body = pollRequestBody({ session, attach, poll: undefined, messages });
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
