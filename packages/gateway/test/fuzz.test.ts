import { MessageKind } from '@reverse-http/protocol/pipe';
import { encodeControl } from '@reverse-http/protocol/session';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRandom, mutate, type Random } from './support/random.js';
import { dial, openWebSocket } from './support/raw-connector.js';
import { visit } from './support/raw-visitor.js';
import { members, openSockets, startGateway, type TestGateway, until } from './support/test-gateway.js';

let it: TestGateway;
let socketsBefore: number;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);

beforeEach(async () => {
  process.on('unhandledRejection', onRejection);
  it = await startGateway({ deadlines: { hold: 20 } });
  await it.connect({
    onRequest: (request) => request.answer('200 OK\r\nContent-Length: LENGTH', request.line),
  });
  const visitor = await it.get('', '/gw/A/0');
  await visitor.until('GET /0');
  visitor.socket.destroy();
  await visitor.closed();
  await settle();
});
afterEach(async () => {
  await it.close();
  process.off('unhandledRejection', onRejection);
  expect(rejections.splice(0)).toEqual([]);
});

/** Waits until the gateway has let go of everybody but the connector. */
async function settle(): Promise<void> {
  let last = -1;
  await until(() => {
    const now = openSockets();
    const still = now === last;
    last = now;
    return still;
  });
  socketsBefore ??= last;
}

/** Seeds are new in each run; `FUZZ_SEED` repeats one. */
function seedOf(): number {
  return Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
}

/** Everybody else is still served, nothing leaked. */
async function check(seed: number): Promise<void> {
  try {
    const visitor = await it.get('', '/gw/A/check');
    await visitor.until('GET /check');
    visitor.socket.destroy();
    await visitor.closed();
    expect(members(it.gateway)).toHaveLength(1);
    await until(() => members(it.gateway)[0]!.running === 0, 'exchanges are left');
    await until(() => openSockets() <= socketsBefore, 'sockets are left');
  } catch (error) {
    throw new Error(`FUZZ_SEED=${seed}: ${error}`, { cause: error });
  }
}

const host = 'Host: localhost\r\n';
const requests = [
  `GET /gw/A/x HTTP/1.1\r\n${host}\r\n`,
  `POST /gw/A/x HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello`,
  `POST /gw/A/x HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n`,
  `GET /gw/A/x HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: echo\r\n\r\nmore`,
  `GET /gw/A HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`,
  `HEAD /gw/none/ HTTP/1.1\r\n${host}Accept: text/html\r\n\r\n`,
  `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
  `POST /.well-known/reverse-http/hello HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\n{}`,
  `POST /.well-known/reverse-http/poll HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nnonsense!`,
  `GET /.well-known/reverse-http/websocket HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n\x82\x01x`,
];

async function runVisitor(random: Random): Promise<void> {
  const parts = Array.from({ length: 1 + random.int(4) }, () => Buffer.from(random.pick(requests), 'latin1'));
  const whole = Buffer.concat(parts);
  const bytes = random.int(4) === 0 ? random.bytes(1 + random.int(2000)) : mutate(random, whole);
  const visitor = await visit(it.url);
  const pieces = 1 + random.int(3);
  for (let i = 0; i < pieces; i++) {
    const from = Math.floor((bytes.length * i) / pieces);
    visitor.send(bytes.subarray(from, Math.floor((bytes.length * (i + 1)) / pieces)));
    if (random.int(2) === 0) await new Promise(setImmediate);
  }
  if (random.int(3) > 0) visitor.halfClose();
  else if (random.int(2) === 0) visitor.socket.resetAndDestroy();
  else visitor.socket.destroy();
  for (let turn = 0; turn < 30 && visitor.ending === undefined; turn++) await new Promise(setImmediate);
  visitor.socket.destroy();
  await visitor.closed();
}

test("bytes on the visitors' port", async () => {
  const seed = seedOf();
  const random = createRandom(seed);
  for (let round = 0; round < 40; round++) {
    await Promise.all(Array.from({ length: 15 }, () => runVisitor(random)));
  }
  await check(seed);
});

test('messages on the tunnel endpoint, before a hello', async () => {
  const seed = seedOf();
  const random = createRandom(seed);
  const hello = Buffer.from(
    encodeControl(MessageKind.Hello, {
      versions: [1],
      agent: 'fuzz',
      key: 'ab'.repeat(16),
      attach: 1,
      token: it.gateway.token!,
      targets: [{ target: 'fuzz', replica: 'r' }],
      features: [],
    }),
  );
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        const webSocket = await openWebSocket(it.url);
        const bytes = random.int(3) === 0 ? random.bytes(random.int(300)) : mutate(random, hello);
        webSocket.send(bytes, { binary: random.int(10) > 0 });
        if (random.int(2) === 0) webSocket.send(random.bytes(random.int(50)));
        for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate);
        webSocket.terminate();
      }),
    );
  }
  await check(seed);
});

test('messages after a hello: that session ends, and no other', async () => {
  const seed = seedOf();
  const random = createRandom(seed);
  for (let round = 0; round < 15; round++) {
    const running = await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        const { webSocket } = await dial(it.url, it.gateway.token, {
          targets: [{ target: `fuzz-${i}`, replica: 'r' }],
        });
        return webSocket;
      }),
    );
    for (const [i, webSocket] of running.entries()) {
      const visitor = await it.get('', `/gw/fuzz-${i}/`);
      for (let n = 0; n < 5; n++) {
        const kind = random.pick([MessageKind.Data, MessageKind.Data, MessageKind.Close, random.int(256)]);
        const offset = random.pick([0, random.int(64), random.int(256)]);
        webSocket.send(Buffer.concat([Buffer.from([kind, offset, 0]), random.bytes(random.int(200))]));
      }
      await new Promise(setImmediate);
      visitor.socket.destroy();
      webSocket.terminate();
    }
  }
  await check(seed);
  // What the last ones sent may still be on its way, and bring a session that was not there to be kicked.
  await vi.waitFor(() => {
    for (const [, target] of it.gateway.targets) if (target.target !== 'A') it.gateway.kick(target.target);
    expect([...it.gateway.targets.values()].flatMap((target) => target.replicas)).toHaveLength(1);
  });
});
