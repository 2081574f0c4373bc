import { connect } from '@reverse-http/connector/node';
import { createGateway, type Gateway } from '@reverse-http/gateway';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectClosed } from '../cases/gateway/gateway-case.js';
import {
  type Closed,
  controlMessage,
  dataMessage,
  newHello,
  pollBody,
  readMessages,
  readReason,
  send,
} from '../cases/raw-poll.js';
import { openSession } from '../cases/raw-session.js';
import { type PoorHop, startPoorHop } from '../support/poor-hop.js';
import { createTestServer, hashOfPattern, patternedBytes } from '../support/test-server.js';

// Rows of the transport rules that show only through real sockets.

let gateway: Gateway;
let token: string;

beforeEach(async () => {
  gateway = createGateway({
    listeners: [{ port: 0 }],
    auth: ({ token = '' }) => (token.startsWith('good') ? { id: token, owner: token } : undefined),
  });
  await gateway.start();
  token = 'good one';
});
afterEach(() => gateway.abort());

const hello = (members: object): Buffer => controlMessage(0x01, members);
const idOf = (welcome: Buffer): string => JSON.parse(welcome.toString('ascii', 1)).session;

describe('a session', () => {
  test('T1: has an id of 128 random bits, that never comes twice', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 50; i++) {
      const { bytes } = await send(gateway.url!, 'hello', hello(newHello(`t${i}`, token)));
      ids.add(idOf(bytes));
    }
    expect(ids.size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[^.]+\.[0-9a-f]{32}$/);
  });

  test('T1: is bound to the owner of the credential, and to its key', async () => {
    const first = newHello('A', token);
    const { id } = await openSession(gateway.url!, first);
    const resume = { attach: 2, resume: { session: id, offset: 0 } };
    const stolen = await send(gateway.url!, 'hello', hello({ ...first, ...resume, token: 'good two' }));
    expect(readReason(stolen.bytes).code).toBe('unauthorized');
    const guessed = await send(gateway.url!, 'hello', hello({ ...newHello('A', token), ...resume }));
    expect(readReason(guessed.bytes).code).toBe('gone');
    const own = await send(gateway.url!, 'hello', hello({ ...first, ...resume }));
    expect(idOf(own.bytes)).toBe(id);
  });

  test('T13: of an earlier start of the gateway is gone at once', async () => {
    const first = newHello('A', token);
    const session = await openSession(gateway.url!, first);
    const { port } = new URL(gateway.url!);
    await gateway.abort();
    gateway = createGateway({ listeners: [{ port: Number(port) }], auth: 'none' });
    await gateway.start();
    await expectClosed(session.poll(), 'gone');
    const again = { ...first, attach: 2, resume: { session: session.id, offset: 0 } };
    expect(readReason((await send(gateway.url!, 'hello', hello(again))).bytes).code).toBe('gone');
  });

  test('T22: of five starts of one replica at a time one stays, and the others are told', async () => {
    const sessions = await Promise.all(
      Array.from({ length: 5 }, () => openSession(gateway.url!, newHello('A', token))),
    );
    const codes = await Promise.all(
      sessions.map((session) =>
        session.poll({ holdMs: 0 }).then(
          () => 'serves',
          ({ code }: Closed) => code,
        ),
      ),
    );
    expect(codes.sort()).toEqual(['replaced', 'replaced', 'replaced', 'replaced', 'serves']);
  });
});

describe('an answer to a connector', () => {
  test('T9: is 200 with a length, never empty, and neither kept nor changed on the way', async () => {
    const { id, attach } = await openSession(gateway.url!, newHello('A', token));
    const body = pollBody(id, attach, [dataMessage(0, 0)], { number: 1, holdMs: 0 });
    const answer = await fetch(`${gateway.url}/.well-known/reverse-http/poll`, { method: 'POST', body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store, no-transform',
      'content-length': `${bytes.length}`,
    });
    expect(readMessages({ status: 200, bytes }).messages.length).toBe(1);
  });

  test('T21: that refuses a credential says the same whatever is wrong with it', async () => {
    const answers: string[] = [];
    for (const wrong of [{ token: undefined }, { token: '' }, { token: 'bad' }, { token: 'x'.repeat(4000) }]) {
      const { bytes } = await send(gateway.url!, 'hello', hello(newHello('A', token, wrong)));
      answers.push(bytes.toString('latin1'));
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"unauthorized"');
  });
});

describe('behind a poor hop', () => {
  let hop: PoorHop;
  let connection: ReturnType<typeof connect>;

  beforeEach(async () => {
    hop = await startPoorHop(gateway.url!);
    connection = connect(createTestServer(), {
      gateway: hop.url,
      target: 'A',
      token,
      transport: 'poll',
      logger: false,
    });
    await connection.ready;
  });
  afterEach(async () => {
    connection.abort();
    await hop.close();
  });

  async function exchangeBodies(bytes: number): Promise<void> {
    const url = `${gateway.url}/gw/A/`;
    const down = Buffer.from(await (await fetch(`${url}down?bytes=${bytes}`)).arrayBuffer());
    expect(down.equals(Buffer.concat([...patternedBytes(bytes)]))).toBe(true);
    const up = await fetch(`${url}up`, { method: 'POST', body: down });
    expect(await up.text()).toBe(hashOfPattern(bytes));
  }

  test('T10: HTTP/1.0, a connection for each request, bodies whole, with a length and of 64 KiB at most: it works', async () => {
    await exchangeBodies(1024 * 1024);
    expect(gateway.targets.get('a')!.replicas[0]!.resumes).toBe(0);
    expect(new Set(hop.requests.map((request) => request.replace(/(hello|poll|post)$/, '*')))).toEqual(
      new Set(['POST /.well-known/reverse-http/*']),
    );
  });

  test('T10: requests that wait for each other: it finds out, and answers wait for a moment only', async () => {
    hop.isSerial = true;
    const ask = async (): Promise<number> => {
      const began = performance.now();
      await (await fetch(`${gateway.url}/gw/A/hello`)).text();
      return performance.now() - began;
    };
    for (let i = 0; i < 6; i++) await ask();
    expect(await ask()).toBeLessThan(1000);
    expect(connection.state.state).toBe('ready');
  });

  test('T11: connections that are reset as a request comes fail nothing', async () => {
    hop.resetsEach = 5;
    await exchangeBodies(512 * 1024);
    expect(gateway.targets.get('a')!.replicas[0]!.resumes).toBe(0);
  });
});

test('T21: no token travels in the clear to another machine, unless that is asked for', async () => {
  const options = { gateway: 'http://gateway.example', target: 'A', token, logger: false } as const;
  expect(() => connect(createTestServer(), options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  const connection = connect(createTestServer(), { ...options, allowCleartext: true });
  connection.abort();
  await connection.closed;
});
