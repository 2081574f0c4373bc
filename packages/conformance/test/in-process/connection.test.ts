import type { Duplex } from 'node:stream';
import { type Difference, get, post, type Row, requestOf, seeing } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

type App = NonNullable<Row['app']>;

/** A request as HTTP/1.0 has it. */
const old = (...lines: string[]): string => requestOf('GET / HTTP/1.0', lines);

/** What a server knows of HTTP/1.0, and a connector does not. */
const modern = (change: Difference['change']): Difference => ({ id: 'http-1.0', on: 'both', change });
const told: Difference['change'] = ({ seen, got: [status = '', date = '', ...body] }) => ({
  seen,
  got: [status, date, 'Content-Length: 1', ...body],
});

const smallHeads = { maxHeaderSize: 2048 };

const untilEnd =
  (request: string): NonNullable<Row['send']> =>
  async (client) => {
    client.send(request);
    await client.ended();
  };

/** Answers what the server's parser did not take. */
const onClientError: NonNullable<Row['setUp']> = async ({ on, see }) => {
  on('request', ((_req, res) => void res.end('x')) satisfies App);
  on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    see(error.code);
    if (socket.writable) socket.end('HTTP/1.1 499 Mine\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
};

const rows: Row[] = [
  {
    name: 'HTTP/1.0',
    send: untilEnd(old()),
    differs: modern((outcome) => told(seeing('1.0 0', '1.1 1')(outcome))),
    app: (req, res, see) => {
      see(req.httpVersion, req.httpVersionMinor, req.headers);
      res.end('x');
    },
  },
  {
    name: 'HTTP/1.0, and a body of no told length',
    send: untilEnd(old()),
    app: (_req, res) => {
      res.write('a');
      setImmediate(() => res.end('b'));
    },
  },
  {
    name: 'HTTP/1.0 that is kept alive',
    send: async (client) => {
      client.send(old('Connection: keep-alive'));
      await client.answered();
      client.send(old('Connection: close'));
      await client.ended();
    },
    app: (_req, res) => void res.setHeader('Content-Length', 1).end('x'),
  },
  {
    name: 'HTTP/1.0, a body and an expectation',
    send: untilEnd(post('hello', 'Expect: 100-continue').replace('HTTP/1.1', 'HTTP/1.0')),
    differs: modern(told),
    app: (req, res, see) => {
      req.on('data', (data) => see(String(data)));
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'HTTP/1.0, interim answers and trailers',
    send: untilEnd(old()),
    differs: modern(({ seen, got }) => ({ seen, got: got.slice(2) })),
    app: (_req, res) => {
      res.writeProcessing();
      res.write('a');
      res.addTrailers({ 'X-T': '1' });
      res.end();
    },
  },
  {
    name: 'clientError: a head larger than the server takes',
    options: smallHeads,
    send: get(`X-Long: ${'v'.repeat(4000)}`),
    setUp: onClientError,
    differs: {
      id: 'client-error',
      on: 'sink',
      change: () => ({ seen: [], got: ['HTTP/1.1 200 OK', 'Date: now', 'Content-Length: 1', '', 'x'] }),
    },
  },
  {
    name: 'clientError: what is no HTTP',
    send: untilEnd('no HTTP at all\r\n\r\n'),
    setUp: onClientError,
    differs: {
      id: 'client-error',
      on: 'both',
      change: () => ({ seen: [], got: ['HTTP/1.1 400 Bad Request', ''] }),
    },
  },
  {
    name: 'clientError: a visitor that leaves half way',
    send: async (client) => {
      client.send(requestOf('POST / HTTP/1.1', ['Content-Length: 10']).concat('half'));
      await client.until('first');
      client.leave();
    },
    differs: {
      id: 'client-error',
      on: 'sink',
      change: ({ seen, got }) => ({ seen: seen.slice(1), got }),
    },
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('request', ((req, res) => {
          req.on('error', (error) => see(error.message)).on('close', () => setImmediate(resolve));
          res.write('first');
        }) satisfies App);
        on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
          see(error.code, socket.writable);
          socket.destroy();
        });
      }),
  },
  {
    name: 'resetAndDestroy before an answer',
    app: (req, _res, see) => see(req.socket.resetAndDestroy() === req.socket, req.socket.destroyed),
  },
  {
    name: 'resetAndDestroy half way',
    // The end of the body comes with its last byte there, and a frame later here: whether it came before the reset is chance.
    quiet: true,
    send: async (client) => {
      client.send(requestOf('POST / HTTP/1.1', ['Content-Length: 1']));
      await client.until('first');
      client.send('x');
      await client.ended();
    },
    app: (req, res) => {
      res.write('first');
      req.on('data', () => req.socket.resetAndDestroy());
    },
  },
];

runContract('what belongs to a connection', rows);
