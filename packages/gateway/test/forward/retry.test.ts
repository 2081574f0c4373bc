import { afterEach, describe, expect, test } from 'vitest';
import type { GatewayOptions } from '../../src/index.js';
import { readAnswer } from '../support/read-answers.js';
import type { Received, ScriptedConnector } from '../support/scripted-connector.js';
import { members, startGateway, type TestGateway, until } from '../support/test-gateway.js';

let it: TestGateway;
afterEach(() => it.close());

const retry: GatewayOptions = { targets: [{ match: '*', retry: 'idempotent' }], deadlines: { hold: 300 } };

/** Two replicas; gives the one that got the request, which has acked it. */
async function send(options: GatewayOptions, request: string) {
  it = await startGateway(options);
  const one = await it.connect({ replica: 'r1' });
  const visitor = await it.visit(request);
  const received = await one.next();
  const other = await it.connect({ replica: 'r2' });
  return { one, other, visitor, received };
}

async function lose(connector: ScriptedConnector): Promise<void> {
  connector.session.close('closed');
  await until(() => members(it.gateway).every(({ session }) => session !== connector.welcome.session));
}

const line = 'HTTP/1.1\r\nHost: localhost\r\n';

describe('R60 retry: idempotent', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('%s goes to another connector', async (method) => {
    const { one, other, visitor } = await send(retry, `${method} /gw/A/x ${line}\r\n`);
    await lose(one);
    const again = await other.next();
    expect(again.line).toBe(`${method} /x HTTP/1.1`);
    again.answer('200 OK\r\nContent-Length: 0');
    expect(readAnswer(await visitor.until('200 OK'), false, method === 'HEAD').status).toBe(200);
  });

  const rows: [string, GatewayOptions, string, (received: Received) => void][] = [
    ['off by default', { ...retry, targets: [] }, `GET /gw/A/ ${line}\r\n`, () => {}],
    ['POST', retry, `POST /gw/A/ ${line}Content-Length: 0\r\n\r\n`, () => {}],
    ['a method that nobody knows', retry, `get /gw/A/ ${line}\r\n`, () => {}],
    ['a body that was sent', retry, `PUT /gw/A/ ${line}Content-Length: 5\r\n\r\nhello`, () => {}],
    ['an answer that has begun', retry, `GET /gw/A/ ${line}\r\n`, (received) => received.interim('102 Processing')],
    ['a handler that gave up', retry, `GET /gw/A/ ${line}\r\n`, (received) => received.exchange.abort('bad-answer')],
  ];
  test.each(rows)('%s: no second try', async (_, options, request, act) => {
    const { one, other, visitor, received } = await send(options, request);
    if (request.includes('hello')) await received.whole;
    act(received);
    if (request.startsWith('GET')) await new Promise((resolve) => setImmediate(resolve));
    if (act.length > 0) await until(() => visitor.socket.bytesRead > 0);
    await lose(one);
    const answer = readAnswer(await visitor.until('requestId'));
    expect(answer.status).toBe(502);
    expect(other.requests).toHaveLength(0);
  });

  test('a body that waits for a 100 has not left', async () => {
    const { one, other, visitor } = await send(
      retry,
      `PUT /gw/A/ ${line}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    );
    await lose(one);
    const again = await other.next();
    again.interim('100 Continue');
    await visitor.until('100 Continue');
    visitor.send('hello');
    expect((await again.whole).body).toBe('hello');
    again.answer('204 No Content');
    await visitor.until('204');
  });

  test('nobody is left: the visitor learns that it may have been served', async () => {
    const { one, other, visitor } = await send(retry, `GET /gw/A/ ${line}\r\n`);
    await lose(other);
    await lose(one);
    const answer = readAnswer(await visitor.until('requestId'));
    expect([answer.status, JSON.parse(answer.body).delivered]).toEqual([503, 'unknown']);
  });
});
