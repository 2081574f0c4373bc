import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import {
  controlMessage,
  dataMessage,
  frame,
  integer,
  newHello,
  pollBody,
  type RawAnswer,
  readMessages,
  readReason,
  send,
} from '../cases/raw-poll.js';
import { openSession, type RawSession } from '../cases/raw-session.js';
import { sleep } from './drill.js';

/** What an attack knows. */
export interface Attacker {
  readonly url: string;
  readonly admin: string;
  /** Which of those that do the same at a time, and how often it did. */
  readonly index: number;
  readonly round: number;
  /** A target of its own. */
  readonly name: string;
}

/** Something that strangers, connectors or visitors do: `act` once, resolving with what came of it. */
export interface Attack {
  /** So many at a time. */
  readonly times: number;
  /** All that may come of it. */
  readonly ends: readonly string[];
  act(attacker: Attacker): Promise<string>;
}

/** What a gateway has to stand, by name. */
export const attacks: Readonly<Record<string, Attack>> = {
  'random bytes': {
    times: 8,
    ends: ['400', 'no answer'],
    act: (it) => throwAt(it.round % 2 ? it.url : it.admin, randomBytes(1 + (it.round % 64) * 1024)),
  },
  'random bytes behind a good head': {
    times: 8,
    ends: ['200', '400', '426'],
    act: ({ url, round }) => {
      const path = ['hello', 'poll', 'post', 'websocket'][round % 4];
      const head = `POST /.well-known/reverse-http/${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8192\r\n\r\n`;
      return throwAt(url, Buffer.concat([Buffer.from(head), randomBytes(8192)]));
    },
  },
  'huge heads': {
    times: 8,
    ends: ['431'],
    act: ({ url, round }) => {
      const field = round % 2 ? `X: ${'x'.repeat(200_000)}\r\n` : 'X: y\r\n'.repeat(20_000);
      return throwAt(url, Buffer.from(`GET /gw/websocket/ HTTP/1.1\r\nHost: localhost\r\n${field}\r\n`));
    },
  },
  'hellos without end': {
    times: 16,
    ends: ['bad-hello', 'unauthorized', 'overloaded'],
    act: async ({ url, name, round }) => {
      const hello = round % 3 ? newHello(name, 'wrong') : { versions: ['x'.repeat(9000)] };
      return closedWith(send(url, 'hello', controlMessage(0x01, hello)));
    },
  },
  'sessions of others': {
    times: 8,
    ends: ['gone', 'version'],
    act: async ({ url, name, round }) => {
      if (round % 3 === 0) return closedWith(send(url, 'poll', pollBody(name, 1, [], { number: 1 })));
      const more = round % 3 === 1 ? { resume: { session: name, offset: 2 ** 52 }, attach: 2 } : { versions: [99] };
      return closedWith(send(url, 'hello', controlMessage(0x01, newHello(name, 'secret', more))));
    },
  },
  'hellos byte by byte': {
    times: 200,
    ends: [
      'ended after 5 s',
      'ended after 6 s',
      'ended after 7 s',
      'ended after 8 s',
      'ended after 9 s',
      'ended after 10 s',
    ],
    act: ({ url, index }) => {
      const line = 'POST /.well-known/reverse-http/hello HTTP/1.1\r\n';
      return dribble(url, index % 2 ? '' : `${line}Host: localhost\r\nContent-Length: 1000\r\n\r\n`, line);
    },
  },
  'connections that say nothing': {
    times: 500,
    ends: ['ended'],
    act: ({ url, index }) => beSilent(url, index % 2 ? '' : 'GET /gw/websocket/'),
  },
  'polls without end': {
    times: 4,
    ends: ['protocol-error'],
    act: ({ url, name }) =>
      inSession(url, name, async (session) => {
        for (;;)
          await Promise.all(Array.from({ length: 8 }, () => session.post(dataMessage(session.sent, session.received))));
      }),
  },
  'broken frames': {
    times: 8,
    ends: ['protocol-error', 'flow-control', 'unfinished'],
    act: ({ url, name, round }) =>
      inSession(url, name, async (session) => {
        await violations[round % violations.length]!(session);
        await session.poll({ holdMs: 0 });
        return 'unfinished';
      }),
  },
  'broken messages by WebSocket': {
    times: 8,
    ends: ['ended'],
    act: ({ url, name, round }) => bySocket(url, name, round),
  },
  'far ahead of a gap': {
    times: 4,
    ends: ['held or dropped'],
    act: ({ url, name }) =>
      inSession(url, name, async (session) => {
        const piece = Buffer.alloc(250_000);
        for (let at = 1; at < 100; at++) await session.post(dataMessage(session.sent + at * piece.length, 0, piece));
        return 'held or dropped';
      }),
  },
  'never acks': {
    times: 4,
    ends: ['waited', 'timeout'],
    act: ({ url, name }) => inSession(url, name, (session) => beDeaf(session, name, 0)),
  },
  'never grants credit': {
    times: 4,
    ends: ['waited'],
    act: ({ url, name }) => inSession(url, name, (session) => beDeaf(session, name, 1)),
  },
  'as many streams as there may be': {
    times: 2,
    ends: ['filled'],
    act: ({ url, name }) => inSession(url, name, (session) => fill(session, name)),
  },
};

/** Writes, waits for an answer or the other's end (two seconds at most), and tells with what status it answered. */
async function throwAt(url: string, bytes: Buffer): Promise<string> {
  const socket = await dial(url);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text.slice(0, 20);
  });
  socket.write(bytes);
  await Promise.race([once(socket, 'data'), once(socket, 'close'), sleep(2000)]);
  socket.destroy();
  return /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'no answer';
}

/** The code of a refusal, or of a close that stands alone or in the answer to a poll. */
async function closedWith(answer: Promise<RawAnswer>): Promise<string> {
  const { bytes } = await answer;
  if (bytes[0] === 0x03 || bytes[0] === 0x04) return readReason(bytes).code;
  readMessages({ status: 200, bytes });
  return 'not closed';
}

async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function dribble(url: string, beginning: string, text: string): Promise<string> {
  const socket = await dial(url);
  socket.resume().write(beginning);
  const from = performance.now();
  for (let i = 0; !socket.destroyed && socket.readable; i++) {
    socket.write(text[i % text.length]!);
    await sleep(100);
  }
  return `ended after ${Math.round((performance.now() - from) / 1000)} s`;
}

async function beSilent(url: string, beginning: string): Promise<string> {
  const socket = await dial(url);
  socket.write(beginning);
  socket.resume();
  await once(socket, 'close');
  return 'ended';
}

async function inSession(url: string, target: string, act: (session: RawSession) => Promise<unknown>): Promise<string> {
  const session = await openSession(url, newHello(target, 'secret'));
  try {
    return String(await act(session));
  } finally {
    await session.post(controlMessage(0x04, { code: 'aborted', message: '' })).catch(() => {});
  }
}

const violations: readonly ((session: RawSession) => Promise<unknown>)[] = [
  (session) => session.post(dataMessage(0, 1_000_000)),
  (session) => session.poll({ number: 3, lowest: 1 }),
  (session) => session.write(frame(0x13, 0)),
  (session) => session.write(Buffer.concat([Buffer.from([0x05]), integer(1), integer(65_537)])),
  (session) => session.write(Buffer.concat([Buffer.from([0x01]), integer(1), integer(57_345)])),
  (session) => session.write(frame(0x05, 999, 'x')),
  (session) => session.write(frame(0x0b, 1, integer(2 ** 52)), frame(0x0b, 1, integer(2 ** 52))),
  (session) => session.post(Buffer.from('12', 'hex')),
  (session) => session.post(Buffer.from('10c02000000000000000', 'hex')),
  (session) => session.post(dataMessage(2 ** 53 - 1, 0, Buffer.from('xx'))),
  (session) => session.write(randomBytes(60_000)),
];

/** Messages that are too long, texts, garbage, on a WebSocket, before and after a good hello. */
async function bySocket(url: string, target: string, round: number): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/.well-known/reverse-http/websocket`);
  socket.on('error', () => {});
  await once(socket, 'open');
  if (round % 2) {
    socket.send(controlMessage(0x01, newHello(target, 'secret')));
    await once(socket, 'message');
  }
  const closed = once(socket, 'close');
  const messages = [
    Buffer.alloc(1024 * 1024),
    'a text',
    '',
    randomBytes(1000),
    dataMessage(0, 0, randomBytes(200_000)),
  ];
  socket.send(messages[(round >> 1) % messages.length]!);
  await Promise.race([closed, sleep(12_000)]);
  socket.terminate();
  return 'ended';
}

/** Takes requests with large bodies, and never acks what comes, or acks but grants nothing. */
async function beDeaf(session: RawSession, target: string, acks: number): Promise<string> {
  const leave = new AbortController();
  const body = Buffer.alloc(4 * 1024 * 1024);
  const url = session.welcome.urls[target]![0]!;
  const uploads = Array.from({ length: 8 }, () =>
    fetch(url, { method: 'POST', body, signal: leave.signal }).catch(() => {}),
  );
  for (let i = 0; i < 20; i++) {
    await session.poll({ messages: [dataMessage(session.sent, acks * session.received)], holdMs: 200 });
  }
  leave.abort();
  await Promise.all(uploads);
  return 'waited';
}

/** More requests than a session may have, none of which is answered. */
async function fill(session: RawSession, target: string): Promise<string> {
  const path = new URL(session.welcome.urls[target]![0]!);
  const sockets: Socket[] = [];
  for (let i = 0; i < 1100; i++) {
    const socket = await dial(path.origin);
    socket.resume().write(`GET ${path.pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    sockets.push(socket);
  }
  for (let i = 0; i < 10; i++) await session.poll({ holdMs: 200 });
  // Little by little: a thousand resets in one instant cost any server 30 ms, whatever was asked by those connections.
  for (const [i, socket] of sockets.entries()) {
    socket.destroy();
    if (i % 20 === 19) await sleep(2);
  }
  return 'filled';
}
