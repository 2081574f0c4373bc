import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, openClient } from './client.js';
import { Record } from './record.js';
import { get, type Listener, type Outcome, type Row } from './row.js';
import { type Served, Stage, type Way, ways } from './stage.js';

/** What is known not to be the same: each difference that a row names has a heading there. */
const differences = readFileSync(new URL('../../../../../docs/http-in-process.md', import.meta.url), 'utf8');

/** Tests that each row shows the same behind a gateway as over a socket of the server's own. */
export function runContract(subject: string, rows: readonly Row[]): void {
  describe(subject, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = new Stage();
      await stage.start();
    });
    afterAll(() => stage.close());

    for (const row of rows) {
      describe(row.name, () => {
        let direct: Promise<Outcome> | undefined;
        test.each(ways)('%s', async (way) => {
          const served = await stage.serverOf(row.options);
          direct ??= play(row, served, 'socket');
          const [expected, found] = [await direct, await play(row, served, way)];
          if (row.differs) expect(differences).toContain(`## ${row.differs.id}\n`);
          expect(found).toEqual(expectedOn(way, row, expected));
        });
      });
    }
  });
}

function expectedOn(way: Way, { differs }: Row, outcome: Outcome): Outcome {
  if (!differs || (differs.on === 'sink' && !way.startsWith('sink'))) return outcome;
  return differs.change(outcome);
}

/** Lets the row happen once. */
async function play(row: Row, { server, ports }: Served, way: Way): Promise<Outcome> {
  const record = new Record(row);
  const added: [string, Listener][] = [];
  const on = (event: string, listener: Listener): void => {
    added.push([event, listener]);
    server.on(event, listener);
  };
  const { app, setUp, send = get() } = row;
  // What a row that never came to its end left behind.
  server.removeAllListeners('request');
  if (app) {
    on('request', ((req, res) => {
      record.watch(req, res);
      app(req, res, record.see);
    }) satisfies (...args: Parameters<NonNullable<Row['app']>>) => void);
  }
  const seen = setUp?.({ see: record.see, on, server }) ?? record.over;
  const client = await openClient(ports.get(way)!);
  try {
    await (typeof send === 'string' ? sendOne(client, send) : send(client, record.see));
    await seen;
  } finally {
    client.socket.destroy();
    for (const [event, listener] of added) server.off(event, listener);
  }
  return { seen: record.seen, got: client.got };
}

async function sendOne(client: Client, text: string): Promise<void> {
  client.send(text);
  await client.answered();
}
