// Child process: does ATTACK to the gateway of URL, again and again, until it is killed.

import { attacks } from '../attacks.js';
import { sleep } from '../drill.js';
import { answerParent } from './facts.js';

const { ATTACK = '', URL: url = '', ADMIN: admin = '' } = process.env;
const { times, act } = attacks[ATTACK]!;
const counts: Record<string, number> = {};
answerParent({ counts: () => counts });
console.log(JSON.stringify({}));

async function again(index: number): Promise<never> {
  for (let round = 0; ; round++) {
    const came = await act({ url, admin, index, round, name: `evil-${index}-${round}` }).catch(nameOf);
    counts[came] = (counts[came] ?? 0) + 1;
    // Without end, but not so that whoever takes a core has won: that is no question of the gateway's.
    await sleep(10);
  }
}

function nameOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.message.slice(0, 60) : 'an error';
}

await Promise.all(Array.from({ length: times }, (_, index) => again(index)));
