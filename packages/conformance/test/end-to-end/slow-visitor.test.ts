import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { transports } from '../support/stage.js';
import { patternedBytes } from '../support/test-server.js';

// Memory that carries bodies serves again and again: whoever lags behind must not see what came later.

const size = 6e6;
const body = Buffer.from(patternedBytes(size));
/** What a server writes at a time: no size of a block, frame or message. */
const piece = 20_480;

let gateway: Gateway;

beforeEach(async () => {
  gateway = createGateway({ listeners: [{ port: 0 }] });
  await gateway.start();
});
afterEach(() => gateway.abort());

const server = createServer(async (asked, answer) => {
  answer.writeHead(200, { 'Content-Length': size });
  for (let at = 0; at < size; at += piece) {
    // A piece a turn, so that bodies of all lengths come to be.
    await new Promise(setImmediate);
    if (!answer.write(body.subarray(at, at + piece))) await once(answer, 'drain');
  }
  answer.end();
  asked.resume();
});

async function readSlowly(url: string): Promise<Buffer> {
  const asked = request(url, { agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  let read = 0;
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    pieces.push(bytes);
    // Stops now and then, for long enough that everything on the way is full.
    if (read < (read += bytes.length) - (read % 1e6)) await sleep(50);
  }
  return Buffer.concat(pieces);
}

test.each(transports)('by %s, visitors that read slowly get exactly the bytes', async (transport) => {
  const { url, token } = gateway;
  const connection = connect(server, { gateway: url!, token: token!, target: 'a', transport });
  await connection.ready;
  const answers = await Promise.all(Array.from({ length: 3 }, () => readSlowly(`${url}/gw/a/`)));
  for (const answer of answers) expect(answer.equals(body)).toBe(true);
  connection.abort();
});
