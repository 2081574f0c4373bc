import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, finished } from 'node:stream';
import { get, post, type Row, requestOf } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

/** Leaves when something of the answer came. */
const leaving =
  (request: string): NonNullable<Row['send']> =>
  async (client) => {
    client.send(request);
    await client.until('first');
    client.leave();
  };

const half = requestOf('POST / HTTP/1.1', ['Content-Length: 10']).concat('half');
const storage = new AsyncLocalStorage<string>();

class OwnRequest extends IncomingMessage {
  readonly own = 'request';
}
class OwnResponse extends ServerResponse {
  readonly own = 'response';
}
const ownClasses = { IncomingMessage: OwnRequest, ServerResponse: OwnResponse } as NonNullable<Row['options']>;

const upgrade = (protocol = 'echo'): string => get('Connection: Upgrade', `Upgrade: ${protocol}`);

const connectTo = (to: string, ...lines: string[]): string =>
  `${[`CONNECT ${to} HTTP/1.1`, `Host: ${to}`, ...lines].join('\r\n')}\r\n\r\n`;

const rows: Row[] = [
  { name: 'an answer at once', app: (_req, res) => void res.end('x') },
  { name: 'an answer later', app: (_req, res) => void setImmediate(() => res.end('x')) },
  { name: 'a body that nobody reads', early: true, send: post('hello'), app: (_req, res) => void res.end('x') },
  {
    name: 'a body that is read first',
    send: post('hello'),
    app: (req, res) => void req.resume().on('end', () => res.end('x')),
  },
  {
    name: 'finished()',
    app: (req, res, see) => {
      finished(req, (error) => see('request finished', error?.code));
      finished(res, (error) => see('response finished', error?.code));
      req.resume();
      res.end('x');
    },
  },
  {
    name: 'a visitor that leaves during the answer',
    send: leaving(get()),
    app: (_req, res) => void res.write('first'),
  },
  {
    name: 'a visitor that leaves during its request',
    send: leaving(half),
    apart: true,
    app: (req, res) => {
      req.on('error', () => {}).resume();
      res.write('first');
    },
  },
  {
    name: 'writing to a visitor that left',
    send: leaving(get()),
    app: (_req, res, see) => {
      res.write('first');
      res.on('close', () =>
        see(
          res.write('late', (error) => see((error as NodeJS.ErrnoException | null)?.code)),
          res.destroyed,
        ),
      );
    },
  },
  { name: 'res.destroy() before an answer', app: (_req, res) => void res.destroy() },
  { name: 'req.destroy() before an answer', apart: true, app: (req) => void req.destroy() },
  { name: 'socket.destroy() before an answer', app: (req) => void req.socket.destroy() },
  {
    name: 'res.destroy(error) half way',
    send: async (client) => {
      client.send(half);
      await client.until('first');
      client.send('more');
      await client.ended();
    },
    app: (req, res, see) => {
      res.on('error', (error) => see(error.message));
      res.write('first');
      req.on('data', (data: Buffer) => data.includes('more') && res.destroy(new Error('why')));
    },
  },
  { name: 'Connection: close', app: (_req, res) => void res.setHeader('Connection', 'close').end('x') },
  {
    name: 'res.setTimeout',
    app: (_req, res, see) => {
      see(
        res.setTimeout(20, () => {
          see('late');
          res.end('x');
        }) === res,
      );
    },
  },
  {
    name: 'req.setTimeout',
    send: half,
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('request', ((req, res) => {
          const { socket } = req;
          req.setTimeout(20, () => {
            see('late', req.complete);
            res.end('x');
          });
          res.on('close', () => {
            see('still set', socket.timeout === 20);
            resolve();
          });
        }) satisfies NonNullable<Row['app']>);
      }),
  },
  {
    name: 'AsyncLocalStorage: run',
    app: (_req, res, see) => {
      storage.run('mine', () => {
        res.on('finish', () => see('finish', storage.getStore()));
        setImmediate(() => res.end('x', () => see('end', storage.getStore())));
      });
    },
  },
  {
    name: 'AsyncLocalStorage: enterWith is not seen by the next',
    differs: {
      id: 'async-context',
      on: 'both',
      change: ({ seen, got }) => ({ got, seen: seen.map((line, i) => (i === 2 ? 'undefined' : line)) }),
    },
    send: async (client) => {
      client.send(get());
      await client.answered();
      client.send(get());
      await client.answered(2);
    },
    // What differs is told by its place among the lines.
    quiet: true,
    app: (_req, res, see) => {
      see(storage.getStore());
      storage.enterWith('left');
      setImmediate(() => {
        see(storage.getStore());
        res.end('x');
      });
    },
  },
  {
    name: 'diagnostics_channel',
    setUp: ({ on, see, server }) =>
      new Promise<void>((resolve) => {
        const begun = (message: unknown): void => {
          const { request, server: of } = message as { request: IncomingMessage; server: unknown };
          see('start', request.url, of === server, Object.keys(message as object));
        };
        const done = (message: unknown): void => {
          const { response } = message as { response: ServerResponse };
          see('finish', response.statusCode, Object.keys(message as object));
          unsubscribe('http.server.request.start', begun);
          unsubscribe('http.server.response.finish', done);
          resolve();
        };
        subscribe('http.server.request.start', begun);
        subscribe('http.server.response.finish', done);
        on('request', ((_req, res) => void res.end('x')) satisfies NonNullable<Row['app']>);
      }),
  },
  {
    name: 'classes of the server`s own',
    options: ownClasses,
    app: (req, res, see) => {
      see(req instanceof OwnRequest, res instanceof OwnResponse, (req as OwnRequest).own, (res as OwnResponse).own);
      res.end('x');
    },
  },
  {
    name: 'joinDuplicateHeaders',
    options: { joinDuplicateHeaders: true },
    send: get('Age: 1', 'Age: 2', 'From: a', 'From: b'),
    app: (req, res, see) => {
      see(req.headers);
      res.end('x');
    },
  },
  {
    name: 'uniqueHeaders',
    options: { uniqueHeaders: ['x-one'] },
    app: (_req, res) => void res.setHeader('X-One', ['a', 'b']).setHeader('X-Two', ['a', 'b']).end('x'),
  },
  {
    name: 'several listeners for one request',
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('request', () => see('first'));
        on('request', ((_req, res) => void res.end('x', resolve)) satisfies NonNullable<Row['app']>);
      }),
  },
  {
    name: 'an upgrade, and bytes both ways',
    send: async (client) => {
      client.send(upgrade());
      await client.until('hello');
      client.send('over to you');
      await client.until('got over to you');
      client.socket.end();
      await client.ended();
    },
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('upgrade', (req: IncomingMessage, socket: NodeJS.ReadWriteStream, rest: Buffer) => {
          see(req.method, req.url, Object.entries(req.headers).sort(), rest.length);
          socket.on('data', (data) => socket.write(`got ${data}`));
          socket
            .on('error', () => {})
            .on('end', () => {
              see('end');
              socket.end();
              resolve();
            });
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello');
        });
      }),
  },
  {
    name: 'an upgrade that is refused',
    send: upgrade(),
    setUp: ({ on }) =>
      new Promise<void>((resolve) => {
        on('upgrade', (_req: IncomingMessage, socket: NodeJS.ReadWriteStream) => {
          socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
          resolve();
        });
      }),
  },
  {
    name: 'R45 CONNECT, and bytes both ways',
    send: async (client) => {
      client.send(connectTo('db.example:5432', 'X-Own: 1', 'Content-Length: 0'));
      await client.until('hello');
      client.send('GET / HTTP/1.1\r\n\r\n');
      await client.until('got GET');
      client.socket.end();
      await client.ended();
    },
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('connect', (req: IncomingMessage, socket: NodeJS.ReadWriteStream, rest: Buffer) => {
          see(req.method, req.url, Object.entries(req.headers).sort(), rest.length);
          socket.on('data', (data) => {
            see(String(data));
            socket.write(`got ${data}`);
          });
          socket
            .on('error', () => {})
            .on('end', () => {
              see('end');
              socket.end('bye');
              resolve();
            });
          socket.write('HTTP/1.1 200 Connection Established\r\nVia: x\r\n\r\nhello');
        });
      }),
  },
  {
    name: 'R45 CONNECT of HTTP/1.0',
    send: async (client) => {
      client.send('CONNECT a:1 HTTP/1.0\r\nHost: a:1\r\n\r\n');
      await client.until('hello');
      client.socket.end();
      await client.ended();
    },
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('connect', (req: IncomingMessage, socket: NodeJS.ReadWriteStream) => {
          see(req.url);
          socket.on('error', () => {}).on('end', () => resolve(void socket.end()));
          socket.resume().write('HTTP/1.1 200 OK\r\n\r\nhello');
        });
      }),
  },
  {
    name: 'R45 CONNECT that is refused',
    send: connectTo('a:1'),
    setUp: ({ on }) =>
      new Promise<void>((resolve) => {
        on('connect', (_req: IncomingMessage, socket: NodeJS.ReadWriteStream) => {
          socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
          resolve();
        });
      }),
  },
  {
    name: 'R45 CONNECT that is hung up on',
    send: connectTo('a:1'),
    setUp: ({ on }) =>
      new Promise<void>((resolve) => {
        on('connect', (_req: IncomingMessage, socket: Duplex) => resolve(void socket.destroy()));
      }),
  },
  {
    name: 'R45 CONNECT that nobody listens for',
    send: async (client) => {
      client.send(connectTo('a:1'));
      await client.ended();
    },
    setUp: ({ on, see }) => {
      on('request', () => see('a request'));
      return Promise.resolve();
    },
  },
];

runContract('the life of a request', rows);
