import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '@reverse-http/connector/node';
import { createGateway, toTarget } from '@reverse-http/gateway';
import { createRandom } from '../../../gateway/test/support/random.js';
import { type Answer, readAnswers } from '../../../gateway/test/support/read-answers.js';
import type { Case, Fuzz, Outcome } from './cases.js';
import { cutsOf, requestsText } from './grammar.js';
import { differenceOf, fieldsOf, type Message } from './message.js';
import { type NodeRequests, readRequestsByNode } from './node-parser.js';
import { addressOf, visitFrom, writeCut } from './visitor.js';

interface RequestCase extends Case {
  /** Whose server answers: one that listens, to which the connector forwards, or one in its process. */
  readonly target: 'url' | 'server';
  /** Whether the visitor stays to hear the answers, or leaves once all is sent. */
  readonly stays: boolean;
}

/** Fields that the gateway or the forwarder writes itself. */
const added: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'transfer-encoding',
  'content-length',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-request-id',
  'te',
]);

/** Visitors' bytes through a gateway, against what Node's parser makes of the same bytes. */
export async function createRequestFuzz(): Promise<Fuzz<RequestCase>> {
  const seen = new Map<string, Message[]>();
  const server = createRecorder(seen);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const inProcess = createRecorder(seen);
  const gateway = createGateway({ listeners: [{ port: 0 }], onError: () => {} });
  await gateway.start();
  const options = { gateway: gateway.url!, token: gateway.token!, logger: false, onError: () => {} } as const;
  const { port } = server.address() as AddressInfo;
  const connections = [
    connect(port, { ...options, target: 'url' }),
    connect(inProcess, { ...options, target: 'server' }),
  ];
  await Promise.all(connections.map(({ ready }) => ready));
  const listen = async (target: string): Promise<number> => {
    const front = await gateway.listen({ port: 0, routes: [toTarget(target)], hosts: ['a', '127.0.0.1'] });
    return Number(new URL(front.url).port);
  };
  const ports = { url: await listen('url'), server: await listen('server') };
  let visits = 0;

  async function run({ text, cuts, target, stays }: RequestCase): Promise<Outcome> {
    const address = addressOf(visits++);
    const arrived: Message[] = [];
    seen.set(address, arrived);
    const visit = visitFrom(address, ports[target]);
    await writeCut(visit.socket, text, cuts);
    if (stays) visit.socket.end();
    else visit.socket.destroy();
    try {
      await visit.until(() => false);
    } catch (error) {
      return { kind: 'hung', failure: String(error) };
    }
    const node = readRequestsByNode(text);
    const failure = judgeArrived(arrived, node) ?? (stays ? judgeAnswers(visit.text, arrived, node) : undefined);
    seen.delete(address);
    return failure === undefined ? { kind: kindOf(arrived, node) } : { kind: 'failed', failure };
  }

  return {
    name: 'requests',
    make(seed) {
      const random = createRandom(seed);
      const target = random.pick(['url', 'server'] as const);
      const stays = random.int(12) > 0;
      const text = requestsText(random);
      return {
        text,
        cuts: cutsOf(random, text.length),
        target,
        stays,
        how: `${target}, ${stays ? 'stays' : 'leaves'}`,
      };
    },
    run,
    async close() {
      for (const connection of connections) connection.abort();
      await gateway.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A server that writes down what it gets, by the visitor's address, and answers which of them it was. */
function createRecorder(seen: Map<string, Message[]>): Server {
  return createServer({ maxHeaderSize: 64 * 1024 }, (request: IncomingMessage, response) => {
    const arrived = seen.get(String(request.headers['x-forwarded-for'])) ?? [];
    const message: Message = {
      start: `${request.method} ${request.url}`,
      fields: fieldsOf(request.rawHeaders),
      body: '',
      complete: false,
    };
    const number = arrived.push(message) - 1;
    request.setEncoding('latin1');
    request.on('data', (piece: string) => {
      message.body += piece;
    });
    request.on('error', () => {});
    request.on('end', () => {
      message.complete = true;
      response.setHeader('X-Number', number);
      response.end(message.start);
    });
  });
}

/** Every request that arrived is one that Node takes from the same bytes, and none is there twice. */
function judgeArrived(arrived: readonly Message[], { messages, fault }: NodeRequests): string | undefined {
  const free = [...messages];
  for (const request of arrived) {
    const at = free.findIndex((message) => differenceOf(request, message, added) === undefined);
    if (at >= 0) {
      free.splice(at, 1);
      continue;
    }
    const reasons = free.map((message) => differenceOf(request, message, added));
    return `the origin saw ${JSON.stringify(request)}; Node: ${JSON.stringify(messages)} ${fault}: ${reasons.join('; ')}`;
  }
  return undefined;
}

/** Each answer is whole and in order, and there is none too many. */
function judgeAnswers(text: string, arrived: readonly Message[], node: NodeRequests): string | undefined {
  const { messages } = node;
  let answers: Answer[];
  try {
    answers = readAnswers(text, true, (i) => messages[i]?.start.startsWith('HEAD ') ?? false);
  } catch (error) {
    // Whether a HEAD that was refused was read as one, its answer does not tell.
    if (!messages.some(({ start }) => start.startsWith('HEAD '))) return `${error} in ${JSON.stringify(text)}`;
    return undefined;
  }
  const served = answers.flatMap((answer) => answer.field('x-number') ?? []).map((number) => arrived[Number(number)]!);
  if (new Set(served).size !== served.length) return `a request was answered twice: ${JSON.stringify(text)}`;
  if (served.length !== arrived.filter(({ complete }) => complete).length) {
    return `${served.length} answers for ${JSON.stringify(arrived)}: ${JSON.stringify(text)}`;
  }
  const finals = answers.filter(({ status }) => status >= 200).length;
  return finals > messages.length + 1 ? `${finals} answers for ${messages.length} requests` : undefined;
}

function kindOf(arrived: readonly Message[], { messages, fault }: NodeRequests): string {
  const whole = arrived.filter(({ complete }) => complete).length;
  if (whole === 0) return fault === undefined ? 'none arrived' : 'none arrived, refused by Node too';
  return whole === messages.length ? 'all arrived' : 'some arrived';
}
