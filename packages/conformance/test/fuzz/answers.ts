import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { byTarget, connect } from '@reverse-http/connector/node';
import { createGateway, toTarget } from '@reverse-http/gateway';
import { createRandom } from '../../../gateway/test/support/random.js';
import { type Answer, readAnswers } from '../../../gateway/test/support/read-answers.js';
import { abreast, type Case, type Fuzz, type Outcome } from './cases.js';
import { answerText, cutsOf } from './grammar.js';
import { differenceOf, type Message } from './message.js';
import { readAnswerByNode } from './node-parser.js';
import { type RawVisit, visitFrom, writeCut } from './visitor.js';

interface AnswerCase extends Case {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** How the origin ends its connection behind its bytes. */
  readonly ending: 'fin' | 'rst';
}

/** A case whose bytes the origin is to send. */
interface Sending {
  readonly sent: AnswerCase;
  /** Resolves when they are all sent; undefined while nobody asked for them. */
  written: Promise<void> | undefined;
}

/** Fields that the gateway writes itself. */
const added: ReadonlySet<string> = new Set([
  'connection',
  'transfer-encoding',
  'content-length',
  'date',
  'via',
  'x-request-id',
]);

/** An origin's bytes through a gateway, against what Node's client makes of the same bytes. */
export async function createAnswerFuzz(): Promise<Fuzz<AnswerCase>> {
  const sending = new Map<string, Sending>();
  const sockets = new Set<Socket>();
  const gateway = createGateway({ listeners: [{ port: 0 }], onError: () => {} });
  await gateway.start();
  // One for each case under way: what an origin says late is heard by who uses its connection next, and that must be the same case.
  const origins = await Promise.all(Array.from({ length: abreast }, () => startOrigin(sending, sockets)));
  const handlers = byTarget(Object.fromEntries(origins.map((origin, i) => [`origin-${i}`, portOf(origin)])));
  const options = { gateway: gateway.url!, token: gateway.token!, logger: false, onError: () => {} } as const;
  const connection = connect(handlers, options);
  await connection.ready;
  const listen = async (_origin: Server, i: number): Promise<number> => {
    const front = await gateway.listen({ port: 0, routes: [toTarget(`origin-${i}`)], hosts: ['a', '127.0.0.1'] });
    return Number(new URL(front.url).port);
  };
  const ports = await Promise.all(origins.map(listen));
  let visits = 0;

  async function run(sent: AnswerCase): Promise<Outcome> {
    const number = visits++;
    const { text, method } = sent;
    const mine: Sending = { sent, written: undefined };
    sending.set(`/${number}`, mine);
    const port = ports.pop()!;
    const visit = visitFrom('127.0.0.1', port);
    const length = method === 'POST' ? 'Content-Length: 0\r\n' : '';
    visit.socket.write(`${method} /${number} HTTP/1.1\r\nHost: a\r\n${length}\r\n`);
    const isHead = (i: number): boolean => i === 0 && method === 'HEAD';
    try {
      await visit.until(() => finalsOf(visit, isHead).some(({ whole }) => whole));
      await mine.written;
      // What an answer leaves behind on its connections must not reach the next one.
      if (!visit.closed) {
        visit.socket.write(`GET /good-${number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        await visit.until(() => false);
      }
    } catch (error) {
      return { kind: 'hung', failure: String(error) };
    } finally {
      ports.push(port);
      sending.delete(`/${number}`);
      visit.socket.destroy();
    }
    return judge(visit, isHead, await readAnswerByNode(text, method), `good-${number}`);
  }

  return {
    name: 'answers',
    make(seed) {
      const random = createRandom(seed);
      const method = random.pick(['GET', 'GET', 'POST', 'HEAD'] as const);
      const ending = random.int(8) === 0 ? 'rst' : 'fin';
      const text = answerText(random);
      return { text, cuts: cutsOf(random, text.length), method, ending, how: `${method}, ${ending}` };
    },
    run,
    async close() {
      connection.abort();
      await gateway.abort();
      for (const socket of sockets) socket.destroy();
      for (const origin of origins) origin.close();
    },
  };
}

async function startOrigin(sending: ReadonlyMap<string, Sending>, sockets: Set<Socket>): Promise<Server> {
  const origin = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    answerRequests(socket, sending);
  });
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve));
  return origin;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Reads heads, and answers each with its case's bytes, or with what is good. */
function answerRequests(socket: Socket, sending: ReadonlyMap<string, Sending>): void {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', async (piece: string) => {
    received += piece;
    const found = /^\S+ (\/\S*) HTTP\/1\.1\r\n.*?\r\n\r\n/s.exec(received);
    if (!found) return;
    received = received.slice(found[0].length);
    const path = found[1]!;
    const next = sending.get(path);
    if (next === undefined) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length - 1}\r\n\r\n${path.slice(1)}`);
      return;
    }
    const { text, cuts, ending } = next.sent;
    next.written = writeCut(socket, text, cuts);
    await next.written;
    if (ending === 'fin') socket.end();
    else socket.resetAndDestroy();
  });
}

/** The final answers so far; none while their head is not whole. */
function finalsOf(visit: RawVisit, isHead: (index: number) => boolean): Answer[] {
  const { text, closed } = visit;
  if (!text.includes('\r\n\r\n')) return [];
  try {
    return readAnswers(text, closed, isHead).filter(({ status }) => status >= 200);
  } catch {
    return [];
  }
}

function judge(visit: RawVisit, isHead: (index: number) => boolean, node: Message | undefined, good: string): Outcome {
  const got = JSON.stringify(visit.text);
  const fail = (failure: string): Outcome => ({
    kind: 'failed',
    failure: `${failure}: the visitor got ${got}, Node ${JSON.stringify(node)}`,
  });
  const finals = finalsOf(visit, isHead);
  if (visit.text !== '' && finals.length === 0) return fail('no answer');
  const [first, second, ...more] = finals;
  if (first === undefined) return { kind: 'broken off before the head' };
  if (more.length > 0) return fail('more answers than requests');
  if (second !== undefined && second.body !== good && !isRefusal(second)) return fail('another answer follows');
  if (isRefusal(first)) return { kind: node?.complete ? 'refused, whole for Node' : 'refused' };
  if (node === undefined) return fail('Node takes no answer');
  const answer: Message = {
    start: String(first.status),
    fields: first.lines.map(lowered),
    body: first.body,
    complete: first.whole && !endsByClosing(first),
  };
  const difference = differenceOf(answer, node, added);
  if (difference !== undefined) return fail(difference);
  return { kind: answer.complete ? 'whole' : 'broken off' };
}

/** Whether the gateway says that the answer was none. */
function isRefusal(answer: Answer): boolean {
  return answer.status === 502 && answer.field('proxy-status') !== undefined;
}

/** A visitor's connection that just ends leaves it open whether that was all; the gateway is not to use it to end well. */
function endsByClosing(answer: Answer): boolean {
  const bodiless = answer.status === 204 || answer.status === 304;
  return !bodiless && answer.field('content-length') === undefined && answer.field('transfer-encoding') === undefined;
}

function lowered(line: string): string {
  const [, name, value] = /^([^:]*):[ \t]*(.*?)[ \t]*$/s.exec(line)!;
  return `${name!.toLowerCase()}: ${value}`;
}
