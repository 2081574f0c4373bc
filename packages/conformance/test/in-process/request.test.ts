import { IncomingMessage } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { chunked, get, post, type Row, requestOf, seeing } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

async function textOf(source: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

const rows: Row[] = [
  {
    name: 'method, url and version',
    send: requestOf('DELETE /a%2Fb//../c;d?e=%20&f HTTP/1.1', []),
    app: (req, res, see) => {
      see(req.method, req.url, req.httpVersion, req.httpVersionMajor, req.httpVersionMinor);
      res.end();
    },
  },
  {
    name: 'a target in absolute form',
    send: requestOf('GET http://localhost/x?y HTTP/1.1', []),
    differs: { id: 'absolute-form', on: 'both', change: seeing('http://localhost/x?y', '/x?y') },
    app: (req, res, see) => {
      see(req.url, req.headers.host);
      res.end();
    },
  },
  {
    name: 'OPTIONS *',
    send: requestOf('OPTIONS * HTTP/1.1', []),
    app: (req, res, see) => {
      see(req.method, req.url);
      res.setHeader('Allow', 'GET').end();
    },
  },
  {
    name: 'TRACE',
    send: requestOf('TRACE /x HTTP/1.1', ['Max-Forwards: 3']),
    app: (req, res, see) => {
      see(req.method, req.url, req.headers);
      res.end();
    },
  },
  ...['PUT', 'PATCH', 'PROPFIND', 'M-SEARCH', 'PURGE', 'QUERY'].map(
    (method): Row => ({
      name: `the method ${method}`,
      send: requestOf(`${method} / HTTP/1.1`, ['Content-Length: 2']).concat('ab'),
      app: async (req, res, see) => {
        see(req.method, await textOf(req));
        res.end('x');
      },
    }),
  ),
  {
    name: 'HEAD',
    send: requestOf('HEAD / HTTP/1.1', []),
    app: (req, res, see) => {
      see(req.method);
      res.setHeader('Content-Length', 4).end('body');
    },
  },
  {
    name: 'headers of every kind',
    send: get(
      'X-One: 1',
      'x-one: 2',
      'Cookie: a=1',
      'Cookie: b=2',
      'Set-Cookie: x',
      'Age: 1',
      'Age: 2',
      'ACCEPT:  a , b  ',
    ),
    app: (req, res, see) => {
      see(req.headers);
      see(req.headersDistinct);
      see(req.rawHeaders);
      res.end();
    },
  },
  {
    name: 'fields that a server knows what to do with twice',
    send: get(
      ...[
        'user-agent',
        'referer',
        'authorization',
        'if-modified-since',
        'etag',
        'from',
        'location',
        'max-forwards',
      ].flatMap((name) => [`${name}: 1`, `${name}: 2`]),
    ),
    app: (req, res, see) => {
      see(req.headers, req.headersDistinct);
      res.end();
    },
  },
  {
    name: 'no value, and a long one',
    send: get('X-Empty:', 'X-Blank:    ', `X-Long: ${'v'.repeat(6000)}`),
    app: (req, res, see) => {
      see(req.headers['x-empty'], req.headers['x-blank'], String(req.headers['x-long']).length);
      res.end();
    },
  },
  {
    name: 'names that an object has by itself',
    send: get('constructor: a', '__proto__: b', 'toString: c', 'hasOwnProperty: d'),
    app: (req, res, see) => {
      see(req.headers, req.rawHeaders);
      res.end();
    },
  },
  {
    name: 'bytes above ASCII in a value',
    send: get('X-Latin: caf\xe9 \xff'),
    app: (req, res, see) => {
      see(req.headers['x-latin']);
      res.setHeader('X-Back', req.headers['x-latin']!).end();
    },
  },
  {
    name: 'a hundred fields',
    send: get(...Array.from({ length: 100 }, (_, i) => `X-${i}: ${i}`)),
    app: (req, res, see) => {
      see(req.rawHeaders.length, req.headers['x-99']);
      res.end();
    },
  },
  {
    name: 'trailers',
    send: chunked(['hello', ' world'], ['X-T: 1', 'x-t: 2', 'Y: 3'], 'Trailer: X-T'),
    app: async (req, res, see) => {
      see(req.trailers, req.complete);
      see(await textOf(req), req.trailers, req.trailersDistinct, req.rawTrailers, req.complete);
      res.end('x');
    },
  },
  {
    name: 'trailers behind no body',
    send: chunked([], ['X-T: 1']),
    app: async (req, res, see) => {
      see(await textOf(req), req.trailers, req.rawTrailers);
      res.end('x');
    },
  },
  {
    name: 'a body whose length is told',
    send: post('hello'),
    app: (req, res, see) => {
      see(req.headers['content-length'], req.headers['transfer-encoding']);
      req.on('data', (data: Buffer) => see('data', data.toString()));
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'a body in chunks',
    send: chunked(['hello', ' world']),
    app: async (req, res, see) => {
      see(req.headers['content-length']);
      see(await textOf(req));
      res.end('x');
    },
  },
  {
    name: 'a length of nothing',
    send: post(''),
    app: (req, res, see) => {
      see(req.headers['content-length'], req.complete, req.readableLength);
      req.on('data', () => see('data')).on('end', () => res.end('x'));
    },
  },
  {
    name: 'a large body',
    send: post('0123456789'.repeat(100_000)),
    app: async (req, res, see) => {
      see((await textOf(req)).length, req.complete);
      res.end('x');
    },
  },
  {
    name: 'setEncoding',
    send: requestOf('POST / HTTP/1.1', ['Content-Length: 9']).concat('caf\xc3\xa9 \xe2\x82\xac'),
    app: (req, res, see) => {
      req.setEncoding('utf8');
      let text = '';
      req.on('data', (piece: string) => (text += piece));
      req.on('end', () => {
        see(text, req.readableEncoding);
        res.end();
      });
    },
  },
  {
    name: 'readable events',
    send: post('hello'),
    app: (req, res, see) => {
      req.on('readable', () => {
        for (let piece = req.read(); piece !== null; piece = req.read()) see(String(piece));
      });
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'read(n)',
    send: post('hello'),
    app: (req, res, see) => {
      req.once('readable', () => {
        see(String(req.read(2)), req.readableLength, String(req.read()), req.read());
        req.on('end', () => res.end('x')).resume();
      });
    },
  },
  {
    name: 'unshift',
    send: post('hello'),
    app: (req, res, see) => {
      req.once('data', (data: Buffer) => {
        req.pause();
        req.unshift(data);
        req.removeAllListeners('data');
        void textOf(req).then((text) => {
          see(text);
          res.end('x');
        });
      });
    },
  },
  {
    name: 'pause and resume',
    send: post('hello'),
    app: (req, res, see) => {
      req.on('pause', () => see('pause')).on('resume', () => see('resume'));
      req.pause();
      see(req.isPaused());
      setImmediate(() => {
        req.on('data', (data: Buffer) => see(data.toString()));
        see(req.isPaused());
        req.resume();
      });
      req.on('end', () => res.end('x'));
    },
  },
  {
    name: 'a body that is looked at later',
    send: post('hello'),
    app: (req, res, see) => {
      setImmediate(() =>
        setImmediate(
          () =>
            void textOf(req).then((text) => {
              see(text);
              res.end('x');
            }),
        ),
      );
    },
  },
  {
    name: 'a body that goes back as it came',
    // Whether the pipe still holds the request when it ends is chance.
    quiet: true,
    send: post('hello'),
    app: (req, res, see) => {
      pipeline(req, res, (error) => see('pipeline', error?.message));
    },
  },
  {
    name: 'a body as a web stream',
    send: chunked(['hello', ' world']),
    app: async (req, res, see) => {
      const reader = Readable.toWeb(req).getReader();
      let text = '';
      for (let got = await reader.read(); !got.done; got = await reader.read())
        text += Buffer.from(got.value).toString();
      see(text);
      res.end('x');
    },
  },
  {
    name: 'iteration that stops half way',
    send: post('hello'),
    early: true,
    app: async (req, res, see) => {
      for await (const piece of req) {
        see(String(piece));
        break;
      }
      see(req.destroyed);
      if (!res.destroyed) res.end('x');
    },
  },
  {
    name: 'what the objects are',
    differs: { id: 'high-water-mark', on: 'both', change: seeing('true 16384', 'true 65536') },
    app: (req, res, see) => {
      see(req instanceof IncomingMessage, req.constructor.name, res.constructor.name, Object.keys(req).sort());
      see(
        req.readable,
        req.readableHighWaterMark,
        req.readableObjectMode,
        req.statusCode,
        req.statusMessage,
        req.aborted,
      );
      see(
        res.req === req,
        req.socket === res.socket,
        req.connection === req.socket,
        (req as { upgrade?: unknown }).upgrade,
      );
      res.end();
    },
  },
  {
    name: 'what the socket says of the visitor',
    app: ({ socket }, res, see) => {
      see(
        socket.remoteAddress,
        socket.remoteFamily,
        typeof socket.remotePort,
        'encrypted' in socket && Boolean(socket.encrypted),
      );
      see(
        socket.readyState,
        socket.destroyed,
        socket.connecting,
        socket.pending,
        socket.timeout,
        socket.readable,
        socket.writable,
      );
      see(socket.allowHalfOpen, socket.errored, socket.closed, typeof socket.bytesRead, socket.bytesWritten);
      res.end();
    },
  },
  {
    name: 'what is done to the socket',
    app: ({ socket }, res, see) => {
      see(socket.setNoDelay(true) === socket, socket.setKeepAlive(true, 1) === socket, socket.ref() === socket);
      see(socket.unref() === socket, socket.setTimeout(1000) === socket, socket.timeout, socket.setTimeout(0).timeout);
      socket.ref();
      see(typeof socket.address(), typeof socket.destroySoon, typeof socket.setEncoding);
      res.end();
    },
  },
];

runContract('a request', rows);
