import { createInterface } from 'node:readline';

/** What can be asked of a process: by the line that asks. */
export type Answers = Readonly<Record<string, () => object | Promise<object>>>;

/** Tells the parent process that this one is ready, answers what it asks, and ends this one when the parent is gone. */
export function reportReady(facts: Readonly<Record<string, string>>, answers: Answers = {}): void {
  createInterface({ input: process.stdin })
    .on('line', async (question) => say((await answers[question]?.()) ?? {}))
    .on('close', () => process.exit());
  say(facts);
}

function say(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
