import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { get, type Notes, type Row, requestOf, seeing } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

type App = NonNullable<Row['app']>;
type Response = Parameters<App>[1];

function body(name: string, app: (res: Response, see: Notes) => void, more: Partial<Row> = {}): Row {
  return { name, app: (_req, res, see) => app(res, see), ...more };
}

function codeOf(step: () => unknown): unknown {
  try {
    step();
    return 'nothing thrown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Long enough for a visitor to have all of an answer. */
async function visitorsTime(): Promise<void> {
  for (let i = 0; i < 100; i++) await turn();
}

const code = (error: Error | null | undefined): string => (error as NodeJS.ErrnoException | undefined)?.code ?? 'none';
/** What a stream says of what waits in it. */
const held = (res: Response): unknown[] => [res.writableCorked, res.writableNeedDrain];

const rows: Row[] = [
  body('end(text)', (res, see) => {
    see(res.end('hello') === res, res.writableEnded, res.headersSent);
  }),
  body('end(text, encoding)', (res) => void res.end('cafe', 'hex')),
  body(
    'end(text, encoding, callback)',
    (res, see) => void res.end('abc', 'latin1', () => see('ended', res.writableFinished)),
  ),
  body('end(callback)', (res, see) => void res.end(() => see('ended'))),
  body('end with bytes', (res) => void res.end(new Uint8Array([104, 105]))),
  body('write and end', (res, see) => {
    see(
      res.write('a'),
      res.write(Buffer.from('b')),
      res.write('c', 'utf8', () => see('written')),
    );
    res.end('d');
  }),
  body('writes of later turns', (res) => {
    res.write('a');
    setImmediate(() => {
      res.write('b');
      setImmediate(() => res.end('c'));
    });
  }),
  body('callbacks of writes', (res, see) => {
    for (const name of ['a', 'b', 'c']) res.write(name, (error) => see(name, code(error)));
    res.end(() => see('end'));
  }),
  body('a length that is told', (res) => {
    res.setHeader('Content-Length', 3);
    res.write('a');
    res.end('bc');
  }),
  body('a length that is told, and an end that comes late', (res, see) => {
    res.setHeader('Content-Length', 1);
    res.write('a', () => see('written'));
    void visitorsTime().then(() => {
      see(res.destroyed, res.writableEnded, res.socket !== null);
      res.end();
    });
  }),
  body('a 204 whose end comes late', (res, see) => {
    res.writeHead(204).flushHeaders();
    void visitorsTime().then(() => {
      see(res.destroyed, res.writableEnded, res.socket !== null);
      res.end();
    });
  }),
  body('a large body at once', (res, see) => void res.end('0123456789'.repeat(200_000), () => see('ended'))),
  body('many small writes', (res) => {
    for (let i = 0; i < 2000; i++) res.write(`${i},`);
    res.end();
  }),
  body('write false, and drain', (res, see) => {
    const piece = Buffer.alloc(100_000, 'x');
    const ready = res.write(piece) && res.write(piece);
    see(ready, res.writableNeedDrain);
    res.once('drain', () => {
      see('drained', res.writableNeedDrain);
      res.end();
    });
  }),
  body('a stream that is piped', (res) => void Readable.from(['a', 'b', 'c']).pipe(res)),
  body('cork and uncork', (res, see) => {
    res.cork();
    res.write('a');
    res.write('b');
    see(...held(res));
    res.uncork();
    see(...held(res));
    res.end('c');
  }),
  body('cork twice', (res, see) => {
    res.cork();
    res.cork();
    res.write('a');
    res.uncork();
    see(...held(res));
    res.uncork();
    see(...held(res));
    res.end();
  }),
  body('cork until the end', (res, see) => {
    res.cork();
    res.write('a');
    res.end('b');
    see(...held(res));
  }),
  body(
    'cork holds a write back',
    (res, see) => {
      res.flushHeaders();
      res.cork();
      res.write('held');
      setImmediate(() => {
        see('a turn later', res.writableLength > 0);
        res.uncork();
        res.end();
      });
    },
    {
      differs: { id: 'cork', on: 'sink', change: seeing('a turn later true', 'a turn later false') },
    },
  ),
  body('cork of the socket', (res, see) => {
    res.socket?.cork();
    res.write('a');
    res.write('b');
    see(res.socket?.writableCorked);
    res.socket?.uncork();
    res.end('c');
  }),
  body('writableLength of what was written', (res, see) => {
    see(res.writableLength);
    res.write('abc');
    setImmediate(() => {
      see(res.writableLength);
      res.end();
    });
  }),
  body(
    'strictContentLength: too long',
    (res, see) => {
      res.strictContentLength = true;
      res.setHeader('Content-Length', 1);
      see(codeOf(() => res.write('long')));
      res.destroy();
    },
    // A sink breaks off at the byte that is too many, over a socket the application does it here.
    { quiet: true },
  ),
  body('strictContentLength: too short', (res, see) => {
    res.strictContentLength = true;
    res.setHeader('Content-Length', 3);
    see(codeOf(() => res.end('x')));
    res.destroy();
  }),
  body('strictContentLength: as told', (res) => {
    res.strictContentLength = true;
    res.setHeader('Content-Length', 3);
    res.write('a');
    res.end('bc');
  }),
  body('addTrailers', (res) => {
    res.writeHead(200, { Trailer: 'X-T' });
    res.write('a');
    res.addTrailers({ 'X-T': '1', 'x-u': '2' });
    res.end();
  }),
  body('addTrailers as pairs, not announced', (res) => {
    res.write('a');
    res.addTrailers([
      ['X-T', '1'],
      ['X-T', '2'],
    ]);
    res.end('b');
  }),
  body('addTrailers without a body', (res) => {
    res.writeHead(200, { 'Transfer-Encoding': 'chunked' });
    res.addTrailers({ 'X-T': '1' });
    res.end();
  }),
  body('bad trailers', (res, see) => {
    res.write('a');
    see(
      codeOf(() => res.addTrailers({ 'a b': 'x' })),
      codeOf(() => res.addTrailers({ a: 'x\n' })),
    );
    res.end();
  }),
  body('write of what is no text and no bytes', (res, see) => {
    see(
      codeOf(() => res.write(5 as never)),
      codeOf(() => res.write(null as never)),
    );
    res.end('x');
  }),
  body('write after end', (res, see) => {
    res.on('error', (error) => see('error', code(error)));
    res.end('x');
    see(res.write('late', (error) => see('late', code(error))));
  }),
  body('end after end', (res, see) => {
    res.end('x');
    res.end(() => see('again'));
    res.end((error?: Error) => see('later', code(error)));
  }),
  body('end(text) after end', (res, see) => {
    res.on('error', (error) => see('error', code(error)));
    res.end('x');
    res.end('y', (error?: Error) => see('again', code(error)));
  }),
  body('an empty write', (res, see) => {
    see(res.write(''), res.headersSent, res.write(Buffer.alloc(0)));
    res.end();
  }),
  body('a transfer coding of the application', (res) => {
    res.writeHead(200, { 'Transfer-Encoding': 'chunked', 'Content-Type': 'text/plain' });
    res.end('x');
  }),
  body(
    'an encoded body passes as it is',
    (res) => void res.writeHead(200, { 'Content-Encoding': 'gzip' }).end('not gzip'),
  ),
  body(
    'a body for HEAD is not sent',
    (res, see) => {
      see(res.write('a'));
      res.end('b', () => see('ended'));
    },
    { send: requestOf('HEAD / HTTP/1.1', []) },
  ),
  body(
    'rejectNonStandardBodyWrites',
    (res, see) => {
      res.writeHead(204);
      see(
        codeOf(() => res.write('x')),
        codeOf(() => res.end('x')),
      );
      res.end();
    },
    { options: { rejectNonStandardBodyWrites: true } as never, send: get() },
  ),
  body('a range', (res) => void res.writeHead(206, { 'Content-Range': 'bytes 0-1/4', 'Content-Length': 2 }).end('ab')),
  body('a response as a web stream', (res, see) => {
    void Readable.from(['a', 'b'])
      .pipe(res)
      .on('finish', () => see('piped'));
  }),
];

runContract('an answer`s body', rows);
