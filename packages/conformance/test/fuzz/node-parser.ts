import { ClientRequest, createServer, type IncomingMessage, METHODS, type Server } from 'node:http';
import { Duplex } from 'node:stream';
import { fieldsOf, type Message } from './message.js';

/** What Node's own parser makes of a visitor's bytes. */
export interface NodeRequests {
  readonly messages: readonly Message[];
  /** Why it stopped; undefined when it did not. */
  readonly fault: string | undefined;
}

/** One connection, whose bytes are handed to Node's parser without waiting for anything. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/** What is being read: bytes are taken as they are handed over, so there is one at a time. */
let reading: { messages: Message[]; fault: string | undefined; onComplete: () => void };

/** Node hands a body over while it parses: what its stream would do with it later, a fault behind it would undo. */
function collect(message: IncomingMessage, start: string, onComplete: () => void): Message {
  const collected: Message = { start, fields: fieldsOf(message.rawHeaders), body: '', complete: false };
  message.push = (piece: Buffer | null) => {
    if (piece !== null) collected.body += piece.toString('latin1');
    else if (message.complete) {
      collected.complete = true;
      onComplete();
    }
    return true;
  };
  return collected;
}

const server: Server = createServer({ maxHeaderSize: 32 * 1024 }, (request, response) => {
  const { method = '', url = '' } = request;
  // What is in absolute form reaches an origin in origin form (RFC 9112, section 3.2.2).
  const target = url.replace(/^https?:\/\/[^/?]*/i, '');
  const start = `${method} ${target === '' || target.startsWith('?') ? `/${target}` : target}`;
  reading.messages.push(collect(request, start, reading.onComplete));
  response.end();
});
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  reading.fault ??= error.code;
  socket.destroy();
});

/** Reads a connection that ends behind its bytes, which come in pieces of `size`; tells where a fault was found, and in which message. */
function read(
  text: string,
  size: number,
): { messages: Message[]; fault: string | undefined; at: number; from: number } {
  let at = 0;
  let from = 0;
  reading = {
    messages: [],
    fault: undefined,
    onComplete() {
      from = at + size;
    },
  };
  const { messages } = reading;
  const wire = new Wire();
  wire.on('error', () => {});
  server.emit('connection', wire);
  const bytes = Buffer.from(text, 'latin1');
  for (; at < bytes.length && !wire.destroyed; at += size) wire.emit('data', bytes.subarray(at, at + size));
  if (!wire.destroyed) wire.emit('end');
  wire.destroy();
  return { messages, fault: reading.fault, at: at - size, from };
}

/**
 * Reads the bytes of one connection, which ends behind them. Where Node stops though it need not, it is given what it would
 * take instead: a method that it knows (R18), version 1.1 (R11), a chunk without its extension (R22).
 */
export function readRequestsByNode(text: string): NodeRequests {
  const methods = new Map<number, string>();
  let taken = text;
  let result = read(taken, Math.max(1, text.length));
  for (let tries = 0; tries < 20 && result.fault !== undefined; tries++) {
    const { at, from, messages } = read(taken, 1);
    const mended = withoutExtension(taken, at) ?? withVersion(taken, from);
    const method = /^(?:\r\n)*([\w!#$%&'*+.^`|~-]+) /.exec(taken.slice(from))?.[1];
    if (mended !== undefined && goesOn(messages, read(mended, mended.length).messages)) taken = mended;
    else if (method !== undefined && !METHODS.includes(method)) {
      methods.set(messages.length, method);
      taken = `${taken.slice(0, from)}LOCK${taken.slice(taken.indexOf(method, from) + method.length)}`;
    } else break;
    result = read(taken, Math.max(1, taken.length));
  }
  const named = result.messages.map((message, i) => {
    const method = methods.get(i);
    return method === undefined ? message : { ...message, start: message.start.replace('LOCK', method) };
  });
  return { messages: named, fault: result.fault };
}

/** Whether `later` begins as `before`: else what looked like a chunk's line was data of a chunk that is longer. */
function goesOn(before: readonly Message[], later: readonly Message[]): boolean {
  return before.every(({ start, body }, i) => later[i]?.start === start && later[i].body.startsWith(body));
}

function withoutExtension(text: string, at: number): string | undefined {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const line = /^([\da-f]+)[ \t]*;[\t -~\x80-\xff]*(?=\r\n)/i.exec(text.slice(lineStart));
  return line ? text.slice(0, lineStart) + line[1] + text.slice(lineStart + line[0].length) : undefined;
}

function withVersion(text: string, from: number): string | undefined {
  const line = /^(?:\r\n)*[^\r\n]* HTTP\/1\.(?=[2-9]\r\n)/.exec(text.slice(from));
  if (!line) return undefined;
  const at = from + line[0].length;
  return `${text.slice(0, at)}1${text.slice(at + 1)}`;
}

/**
 * What Node's own client makes of an origin's bytes, with the end of the connection behind them; undefined when it takes no
 * answer from them. Extensions and versions are as in {@link readRequestsByNode}.
 */
export async function readAnswerByNode(text: string, method: string): Promise<Message | undefined> {
  let taken = withPlainInterims(text);
  for (;;) {
    const { answer, faulty } = await readAnswer(taken, method, Math.max(1, taken.length));
    if (!faulty) return answer;
    const mended = withoutExtension(taken, (await readAnswer(taken, method, 1)).at);
    if (mended === undefined) return answer;
    const { answer: next } = await readAnswer(mended, method, mended.length);
    if (answer && !(next && goesOn([answer], [next]))) return answer;
    taken = mended;
  }
}

/** Node takes a 1xx that says `close`, or is HTTP/1.0, for the last answer of its connection, which only a final one is (RFC 9112, section 9.6). */
function withPlainInterims(text: string): string {
  let heads = '';
  let rest = text.replace(higherMinor, 'HTTP/1.1');
  for (let head = interim.exec(rest)?.[0]; head !== undefined; head = interim.exec(rest)?.[0]) {
    heads += head.replace(/^HTTP\/1\.0/, 'HTTP/1.1').replace(/\r\nconnection:[^\r\n]*(?=\r\n)/gi, '');
    rest = rest.slice(head.length).replace(higherMinor, 'HTTP/1.1');
  }
  return heads + rest;
}

const interim = /^HTTP\/1\.\d 1\d\d.*?\r\n\r\n/s;
const higherMinor = /^HTTP\/1\.[2-9]/;

async function readAnswer(
  text: string,
  method: string,
  size: number,
): Promise<{ answer: Message | undefined; faulty: boolean; at: number }> {
  const wire = new Wire();
  const request = new ClientRequest({ method, createConnection: () => wire } as never);
  let answer: Message | undefined;
  let faulty = false;
  request.on('error', () => {
    faulty = true;
  });
  request.on('upgrade', () => {});
  request.on('response', (response) => {
    response.on('error', () => {});
    answer = collect(response, String(response.statusCode), () => {});
  });
  await new Promise<void>((resolve) => {
    request.once('socket', () => process.nextTick(resolve));
    request.end();
  });
  const bytes = Buffer.from(text, 'latin1');
  let at = 0;
  for (; at < bytes.length && !wire.destroyed; at += size) wire.emit('data', bytes.subarray(at, at + size));
  if (!wire.destroyed) wire.emit('end');
  wire.destroy();
  return { answer, faulty, at: at - size };
}
