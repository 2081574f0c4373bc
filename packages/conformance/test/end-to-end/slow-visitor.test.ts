import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { transports } from '../support/stage.js';

// Memory that carries bodies serves again and again: whoever lags behind must not see what came later.

const size = 12e6;
const body = Buffer.alloc(size);
for (let at = 0; at < size; at += 4) body.writeUInt32LE(at, at);
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
    // With pauses, so that most bodies are short enough to come whole.
    await sleep(1);
    if (!answer.write(body.subarray(at, at + piece))) await once(answer, 'drain');
  }
  answer.end();
  asked.resume();
});

async function readSlowly(url: string): Promise<Buffer> {
  const asked = request(url, { agent: false }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  await sleep(1500); // Everything on the way fills up, which nobody is told.
  for await (const bytes of answer as AsyncIterable<Buffer>) pieces.push(bytes);
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
