import { afterEach, describe, expect, test } from 'vitest';
import { readAnswer, readAnswers } from '../support/read-answers.js';
import { startGateway, type TestGateway } from '../support/test-gateway.js';
import { untilStill } from '../support/until-still.js';

let it: TestGateway;
afterEach(() => it.close());

const line = 'POST /gw/A/ HTTP/1.1\r\nHost: localhost\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

describe('R83 requestBody', () => {
  test('a length beyond it: 413 at once, and the connection serves on', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    const connector = await it.connect();
    const visitor = await it.visit(`${line}Content-Length: 11\r\n\r\n`);
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({
      delivered: 'no',
      detail: 'The request body is longer than 10 bytes.',
    });
    visitor.send(`hello world${line}Content-Length: 10\r\n\r\n0123456789`);
    const request = await connector.next();
    expect((await request.whole).body).toBe('0123456789');
    request.answer('204 No Content');
    await visitor.until('204');
    expect(connector.requests).toHaveLength(1);
  });

  test('a visitor that waits for a 100 is not asked for its body', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    await it.connect();
    const visitor = await it.visit(`${line}Expect: 100-continue\r\nContent-Length: 11\r\n\r\n`);
    const answers = readAnswers(await visitor.ended(), true);
    expect(answers.map(({ status }) => status)).toEqual([413]);
    expect(answers[0]!.field('connection')).toBe('close');
  });

  test('a very long one is not read to its end', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    await it.connect();
    const visitor = await it.visit(`${line}Content-Length: 100000000\r\n\r\n`);
    await visitor.until('requestId');
    visitor.send('x'.repeat(400_000));
    expect(readAnswer(await visitor.closed(), true).status).toBe(413);
  });

  test('one that turns out to be longer: 413, the connector sees an abort, the connection ends', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    const connector = await it.connect();
    const visitor = await it.visit(`${line}Transfer-Encoding: chunked\r\n\r\n${chunk('01234')}`);
    const request = await connector.next();
    await request.until('01234');
    visitor.send(`${chunk('56789')}${chunk('x')}${line}Content-Length: 0\r\n\r\n`);
    const answer = readAnswer(await visitor.closed(), true);
    expect(answer.status).toBe(413);
    expect(answer.field('connection')).toBe('close');
    expect(JSON.parse(answer.body).delivered).toBe('unknown');
    const { body, aborted } = await request.whole;
    expect(aborted).toBe('body-too-large');
    expect('0123456789'.startsWith(body)).toBe(true);
    expect(connector.requests).toHaveLength(1);
  });

  test('the same after the answer has begun: it is broken off', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    const connector = await it.connect();
    const visitor = await it.visit(`${line}Transfer-Encoding: chunked\r\n\r\n${chunk('01234')}`);
    const request = await connector.next();
    await request.until('01234');
    request.answer('200 OK\r\nContent-Length: 100', { read: () => 0, ended: false, trailers: undefined });
    await visitor.until('200 OK');
    visitor.send(chunk('567890'));
    const [answer] = readAnswers(await visitor.closed());
    expect(answer).toMatchObject({ status: 200, whole: false });
    expect((await request.whole).aborted).toBe('body-too-large');
  });

  test('as long as it may be, in any pieces; upgraded streams have no end', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    const connector = await it.connect();
    await it.visit(`${line}Transfer-Encoding: chunked\r\n\r\n${chunk('01234')}${chunk('56789')}0\r\n\r\n`);
    expect((await (await connector.next()).whole).body).toBe('0123456789');
    const visitor = await it.get('Connection: Upgrade\r\nUpgrade: echo\r\n');
    const request = await connector.next();
    request.answer('101 Switching Protocols\r\nUpgrade: echo', { read: () => 0, ended: false, trailers: undefined });
    await visitor.until('101');
    visitor.send('0123456789abcdef');
    await request.until('f');
  });

  test('connectors may send what they like', async () => {
    it = await startGateway({ limits: { requestBody: 10 } });
    const answer = await fetch(`${it.url}/.well-known/reverse-http/hello`, { method: 'POST', body: 'x'.repeat(100) });
    expect(await answer.text()).toContain('bad-hello');
  });
});

test('R20 headBytes: 431 beyond it', async () => {
  it = await startGateway({ limits: { headBytes: 2000 } });
  const connector = await it.connect();
  const head = `GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\nX: `;
  await it.visit(`${head}${'x'.repeat(2000 - head.length - 4)}\r\n\r\n`);
  await connector.next();
  const visitor = await it.visit(`${head}${'x'.repeat(2000 - head.length - 3)}\r\n\r\n`);
  const answer = readAnswer(await visitor.closed(), true);
  expect([answer.status, answer.field('connection')]).toEqual([431, 'close']);
  await untilStill(() => connector.requests.length);
  expect(connector.requests).toHaveLength(1);
});
