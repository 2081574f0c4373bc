import { get, type Outcome, post, type Row, requestOf } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

const expecting = (value = '100-continue'): string =>
  requestOf('POST / HTTP/1.1', ['Content-Length: 2', `Expect: ${value}`]);

/** Sends the body once it was asked for. */
const obedient: Row['send'] = async (client) => {
  client.send(expecting());
  await client.until('100 Continue');
  client.send('ab');
  await client.answered();
};

/** The gateway's own answer. */
const refused = (): Outcome => ({ seen: [], got: ['HTTP/1.1 417 Expectation Failed', ''] });

const rows: Row[] = [
  {
    name: 'writeContinue',
    app: (_req, res, see) => {
      res.writeContinue(() => see('continued'));
      see(res.headersSent);
      res.end('x');
    },
  },
  {
    name: 'writeProcessing',
    app: (_req, res, see) => {
      res.writeProcessing(() => see('processing'));
      res.end('x');
    },
  },
  {
    name: 'writeEarlyHints with one link',
    app: (_req, res, see) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' }, () => see('hinted'));
      res.end('x');
    },
  },
  {
    name: 'writeEarlyHints with links and more',
    app: (_req, res) => {
      res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'], 'x-trace': 'id' });
      res.writeEarlyHints({ link: '</c.css>; rel=preload' });
      res.end('x');
    },
  },
  {
    name: 'all three, in order, over turns',
    app: (_req, res) => {
      res.writeProcessing();
      setImmediate(() => {
        res.writeEarlyHints({ link: '</a.css>; rel=preload' });
        setImmediate(() => {
          res.writeProcessing();
          res.end('x');
        });
      });
    },
  },
  {
    name: 'an interim answer to HEAD',
    send: requestOf('HEAD / HTTP/1.1', []),
    app: (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.setHeader('Content-Length', 3).end();
    },
  },
  {
    name: 'Expect: 100-continue, nobody listens',
    send: obedient,
    app: (req, res, see) => {
      see(req.headers.expect);
      req.on('data', (data: Buffer) => see(data.toString())).on('end', () => res.end('x'));
    },
  },
  {
    name: 'checkContinue, and it goes on',
    send: obedient,
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('checkContinue', ((req, res) => {
          see(req.headers.expect, req.complete);
          res.writeContinue();
          req.on('data', (data) => see(String(data))).on('end', () => res.end('x', resolve));
        }) satisfies NonNullable<Row['app']>);
      }),
  },
  {
    name: 'checkContinue, and it does not',
    send: async (client) => {
      client.send(expecting());
      await client.answered();
    },
    setUp: ({ on, see }) =>
      new Promise<void>((resolve) => {
        on('checkContinue', ((req, res) => {
          see(req.method);
          res.writeHead(417, { Connection: 'close' }).end('no', resolve);
        }) satisfies NonNullable<Row['app']>);
      }),
  },
  {
    name: 'an expectation that nobody knows',
    send: expecting('tea'),
    setUp: async () => {},
    differs: { id: 'expectations', on: 'both', change: refused },
  },
  {
    name: 'checkExpectation',
    send: expecting('tea'),
    setUp: async ({ on, see }) => {
      on('checkExpectation', ((req, res) => {
        see(req.headers.expect);
        res.writeHead(200).end('tea');
      }) satisfies NonNullable<Row['app']>);
    },
    differs: { id: 'expectations', on: 'both', change: refused },
  },
  {
    name: 'an early answer to a body that comes whole',
    send: post('hello'),
    early: true,
    app: (_req, res) => void res.writeHead(403).end('no'),
  },
  {
    name: 'requests one after another',
    send: async (client) => {
      client.send(get('X-N: 1'));
      await client.answered(1);
      client.send(get('X-N: 2'));
      await client.answered(2);
    },
    app: (req, res, see) => {
      see(req.headers['x-n']);
      res.end(req.headers['x-n']);
    },
  },
  {
    name: 'requests at once are answered in order',
    send: async (client) => {
      client.send(get('X-N: 1') + get('X-N: 2') + get('X-N: 3'));
      await client.answered(3);
    },
    // The gateway hands on one request of a connection at a time.
    quiet: true,
    app: (req, res) => {
      const n = req.headers['x-n'] as string;
      if (n === '1') setImmediate(() => setImmediate(() => res.end(n)));
      else res.end(n);
    },
  },
];

runContract('interim answers, and several', rows);
