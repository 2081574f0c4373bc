import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { finished } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createMemoryPair } from './harness/memory-pair.js';
import { TestBody } from './harness/visitor.js';

interface Case {
  readonly name: string;
  readonly method?: string;
  /** Sent whole at once. */
  readonly body?: string;
  /** More of the body is to come, and never does. */
  readonly open?: boolean;
  /** There is no whole answer to compare. */
  readonly fails?: boolean;
  /** What closes first is not the same, and nobody's business. */
  readonly unordered?: boolean;
  /** When the visitor breaks its connection off. */
  readonly leaves?: 'at once' | 'answered';
  readonly handler: (req: IncomingMessage, res: ServerResponse, note: (text: string) => void) => void;
}

const cases: readonly Case[] = [
  { name: 'an answer at once', handler: (_req, res) => void res.end('x') },
  { name: 'an empty answer', handler: (_req, res) => void res.end() },
  {
    name: 'an answer in pieces',
    handler: (_req, res) => {
      res.write('a');
      res.write('b');
      res.end();
    },
  },
  { name: 'an answer that says close', handler: (_req, res) => void res.setHeader('Connection', 'close').end('x') },
  { name: 'an answer later', handler: (_req, res) => void setImmediate(() => res.end('x')) },
  { name: 'no content', handler: (_req, res) => void res.writeHead(204).end() },
  { name: 'HEAD', method: 'HEAD', handler: (_req, res) => void res.end('not sent') },
  {
    name: 'flushed headers',
    handler: (_req, res) => {
      res.flushHeaders();
      setImmediate(() => res.end('x'));
    },
  },
  { name: 'a request read to its end', handler: (req, res) => void req.resume().on('end', () => res.end('x')) },
  {
    name: 'a body read by data events',
    method: 'POST',
    body: 'hello',
    handler: (req, res, note) => {
      req.on('data', (data: Buffer) => note(`data ${data}`));
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'a body read by readable events',
    method: 'POST',
    body: 'hello',
    handler: (req, res) => {
      req.on('readable', () => req.read());
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'a body read by iteration',
    method: 'PUT',
    body: 'hello',
    handler: async (req, res, note) => {
      for await (const data of req) note(`data ${data as Buffer}`);
      res.end('x');
    },
  },
  { name: 'a body that is not read', method: 'POST', body: 'hello', handler: (_req, res) => void res.end('x') },
  {
    name: 'finished() on both',
    handler: (req, res, note) => {
      finished(req, (error) => note(`finished req ${error?.code}`));
      finished(res, (error) => note(`finished res ${error?.code}`));
      req.resume();
      res.end('x');
    },
  },
  {
    name: 'forms of writeHead',
    handler: (_req, res, note) => {
      res.setHeader('X-Set', 'kept');
      res.appendHeader('X-List', ['a', 'b']);
      res.writeHead(201, 'Made', { 'X-Head': '1' });
      note(`${res.headersSent} ${res.statusMessage} ${JSON.stringify(res.getHeaders())}`);
      res.end('x');
    },
  },
  {
    name: 'trailers',
    handler: (_req, res) => {
      res.writeHead(200, { Trailer: 'X-T' });
      res.write('x');
      res.addTrailers({ 'X-T': '1' });
      res.end();
    },
  },
  {
    name: 'a strict length',
    handler: (_req, res, note) => {
      res.strictContentLength = true;
      res.writeHead(200, { 'Content-Length': '1' });
      try {
        res.write('too long');
      } catch (error) {
        note(`${(error as NodeJS.ErrnoException).code}`);
      }
      res.end('x');
    },
  },
  {
    name: 'writes after the end',
    handler: (_req, res, note) => {
      res.on('error', () => {});
      res.end('x');
      note(`${res.write('late')} ${res.writableEnded}`);
      res.end('later', () => {});
    },
  },
  {
    name: 'corked writes',
    handler: (_req, res) => {
      res.cork();
      res.write('a');
      res.write('b');
      res.uncork();
      res.end('c');
    },
  },
  { name: 'a response destroyed', fails: true, handler: (_req, res) => void res.destroy() },
  { name: 'a request destroyed', fails: true, unordered: true, handler: (req) => void req.destroy() },
  { name: 'a socket destroyed', fails: true, handler: (req) => void req.socket.destroy() },
  {
    name: 'a response destroyed half way',
    fails: true,
    handler: (_req, res) => {
      res.write('x');
      setImmediate(() => res.destroy(new Error('why')));
    },
  },
  { name: 'a visitor that leaves before the answer', leaves: 'at once', handler: () => {} },
  { name: 'a visitor that leaves during the answer', leaves: 'answered', handler: (_req, res) => void res.write('x') },
  {
    name: 'a visitor that leaves during its request',
    method: 'POST',
    body: 'hello',
    leaves: 'answered',
    open: true,
    handler: (req, res) => {
      req.on('data', () => {});
      res.write('x');
    },
  },
];

/** Runs a case's handler and tells, for each event, what both objects say of themselves. */
function record(test: Case): { listener: RequestListener; called: Promise<void>; over: Promise<string[]> } {
  const lines: string[] = [];
  let resolve: (lines: string[]) => void = () => {};
  const over = new Promise<string[]>((done) => {
    resolve = done;
  });
  let onCalled: () => void = () => {};
  const called = new Promise<void>((done) => {
    onCalled = done;
  });
  const listener: RequestListener = (req, res) => {
    const state = (): string =>
      [
        ...[req.complete, req.aborted, req.destroyed, req.readableEnded, req.readableFlowing, req.closed],
        '|',
        ...[
          res.headersSent,
          res.writableEnded,
          res.writableFinished,
          res.finished,
          res.destroyed,
          (res as any).closed,
          res.socket === null,
        ],
      ].join(' ');
    const log = (text: string): void => void lines.push(`${text}: ${state()}`);
    for (const name of ['end', 'close', 'aborted', 'error', 'resume']) req.on(name, () => log(`req ${name}`));
    for (const name of ['prefinish', 'finish', 'close', 'error', 'drain']) res.on(name, () => log(`res ${name}`));
    log(
      `${req.method} ${req.url} ${req.httpVersion} ${(req as any).upgrade} ${res.shouldKeepAlive} ${res.chunkedEncoding}`,
    );
    test.handler(req, res, (text) => lines.push(text));
    log('handled');
    // Both are over once each has closed, in whatever order.
    let left = 2;
    for (const one of [req, res])
      one.on('close', () => --left === 0 && setImmediate(() => setImmediate(resolve, lines)));
    onCalled();
  };
  return { listener, called, over };
}

interface Got {
  readonly status: number | undefined;
  readonly fields: Record<string, unknown>;
  readonly body: string;
  readonly trailers: unknown;
}

const lengthOf = ({ body = '', open }: Case): number => body.length + (open ? 1 : 0);

async function overSocket(test: Case): Promise<[string[], Got | undefined]> {
  const { listener, called, over } = record(test);
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const got = await new Promise<Got | undefined>((resolve, reject) => {
    const headers = { Host: 'a.example', ...(test.body === undefined ? {} : { 'Content-Length': lengthOf(test) }) };
    const client = request({ port, path: '/p', method: test.method ?? 'GET', agent, headers }, (res) => {
      let body = '';
      res.on('data', (data: Buffer) => {
        body += data;
        if (test.leaves === 'answered') client.destroy();
      });
      res.on('error', () => resolve(undefined));
      res.on('end', () => resolve({ status: res.statusCode, fields: res.headers, body, trailers: res.trailers }));
    });
    client.on('error', test.fails || test.leaves ? () => resolve(undefined) : reject);
    if (test.leaves === 'at once') called.then(() => client.destroy());
    if (test.open) client.write(test.body);
    else client.end(test.body);
  });
  const lines = await over;
  agent.destroy();
  server.close();
  return [lines, got];
}

async function overSink(test: Case): Promise<[string[], Got]> {
  const { listener, called, over } = record(test);
  const pair = createMemoryPair(listener);
  const body = test.body === undefined ? undefined : new TestBody().push(test.body);
  const fields = test.body === undefined ? [] : ([['Content-Length', String(lengthOf(test))]] as const);
  const answer = pair.visit({ path: '/p', method: test.method ?? 'GET', fields, ...(body ? { body } : {}) });
  await called;
  // Node's parser lets ticks run between the last byte of a body and its end.
  if (!test.open) setImmediate(() => body?.end());
  if (test.leaves) {
    if (test.leaves === 'answered') await answer.until(({ received }) => received > 0);
    answer.exchange.abort('visitor-gone');
  } else await answer.done();
  const lines = await over;
  pair.close();
  expect(pair.failures).toEqual([]);
  const { head, text, trailers = [] } = answer;
  const names = Object.fromEntries((head?.raw ?? []).map(([name]) => [name.toLowerCase(), head?.get(name)]));
  const trailing = Object.fromEntries(trailers.map(([name, value]) => [name.toLowerCase(), value]));
  return [lines, { status: head?.status, fields: names, body: text, trailers: trailing }];
}

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'date'];

describe('a handler on a sink sees what it sees on a socket:', () => {
  for (const test of cases) {
    it(test.name, async () => {
      const [socketLines, socketGot] = await overSocket(test);
      const [sinkLines, sinkGot] = await overSink(test);
      const events = (lines: string[]): string[] =>
        test.unordered ? lines.map((line) => line.split(':')[0]!).sort() : lines;
      expect(events(sinkLines)).toEqual(events(socketLines));
      if (!socketGot) return;
      for (const got of [socketGot, sinkGot]) for (const name of hopByHop) delete got.fields[name];
      if (Array.isArray(socketGot.fields['x-list'])) socketGot.fields['x-list'] = socketGot.fields['x-list'][0];
      expect({ ...sinkGot, fields: Object.keys(sinkGot.fields).sort() }).toEqual({
        ...socketGot,
        fields: Object.keys(socketGot.fields).sort(),
      });
    });
  }
});
