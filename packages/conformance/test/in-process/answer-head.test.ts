import { validateHeaderName, validateHeaderValue } from 'node:http';
import { get, type Notes, type Row, requestOf } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

type App = NonNullable<Row['app']>;
type Response = Parameters<App>[1];

/** A row about a head: what the application says of it goes into `see`. */
function head(name: string, app: (res: Response, see: Notes) => void, send = get()): Row {
  return { name, send, app: (_req, res, see) => app(res, see) };
}

/** The code of what is thrown. */
function codeOf(step: () => unknown): unknown {
  try {
    step();
    return 'nothing thrown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

const state = (res: Response): unknown[] => [res.statusCode, res.statusMessage, res.headersSent, res.getHeaders()];

const rows: Row[] = [
  head('nothing said', (res, see) => {
    see(...state(res), res.sendDate, res.shouldKeepAlive, res.chunkedEncoding, res.useChunkedEncodingByDefault);
    res.end();
    see(...state(res));
  }),
  head('writeHead(status)', (res, see) => {
    see(res.writeHead(201) === res, ...state(res));
    res.end('x');
  }),
  head('writeHead(status, reason)', (res, see) => {
    res.writeHead(200, 'All is well');
    see(...state(res));
    res.end();
  }),
  head('writeHead(status, object)', (res, see) => {
    res.writeHead(200, { 'X-A': '1', 'x-B': ['2', '3'], 'Content-Length': 1 });
    see(...state(res));
    res.end('x');
  }),
  head('writeHead(status, reason, object)', (res, see) => {
    res.writeHead(404, 'Gone Fishing', { 'X-A': 'b' });
    see(...state(res));
    res.end('x');
  }),
  head('writeHead(status, list of name and value)', (res, see) => {
    res.writeHead(200, ['X-A', '1', 'x-a', '2', 'X-B', '3'] as never);
    see(...state(res));
    res.end('x');
  }),
  head('writeHead(status, list of pairs)', (res, see) => {
    res.writeHead(200, [
      ['X-A', '1'],
      ['X-B', '2'],
    ] as never);
    see(...state(res));
    res.end('x');
  }),
  head('writeHead(status, reason, list)', (res, see) => {
    res.writeHead(200, 'Fine', ['X-A', '1', 'X-B', '2'] as never);
    see(...state(res));
    res.end('x');
  }),
  head('writeHead(status, no reason, object)', (res, see) => {
    res.writeHead(404, undefined, { 'X-A': '1' });
    see(...state(res));
    res.end('x');
  }),
  head('writeHead with a list that is not of pairs', (res, see) => {
    see(
      codeOf(() => res.writeHead(200, ['X-A', '1', 'X-B'] as never)),
      res.headersSent,
    );
    res.end('x');
  }),
  head('writeHead with a status in digits, and with a fraction', (res, see) => {
    see(res.writeHead('201' as never).statusCode);
    res.end('x');
  }),
  head('writeHead of what removes a field by having no value', (res, see) => {
    see(codeOf(() => res.writeHead(200, { 'X-A': undefined })));
    res.end('x');
  }),
  head('writeHead, and end and write behind it', (res, see) => {
    see(res.writeHead(200).end('x') === res);
  }),
  head('writeHead of another status than the one set', (res, see) => {
    res.statusCode = 500;
    res.statusMessage = 'Set';
    res.writeHead(201);
    see(...state(res));
    res.end('x');
  }),
  head('writeHead over what was set', (res, see) => {
    res.setHeader('X-A', 'set').setHeader('X-Kept', 'set');
    res.writeHead(200, { 'x-a': 'written' });
    see(...state(res));
    res.end('x');
  }),
  head('writeHead with a list over what was set', (res, see) => {
    res.setHeader('X-A', 'set').setHeader('X-Kept', 'set');
    res.writeHead(200, ['X-A', 'one', 'X-A', 'two'] as never);
    see(...state(res));
    res.end('x');
  }),
  head('writeHead twice', (res, see) => {
    res.writeHead(200);
    see(
      codeOf(() => res.writeHead(201)),
      codeOf(() => res.setHeader('X', 'y')),
      codeOf(() => res.removeHeader('X')),
    );
    res.end('x');
  }),
  head('a status that is none', (res, see) => {
    see(
      codeOf(() => res.writeHead(99)),
      codeOf(() => res.writeHead(1000)),
      codeOf(() => res.writeHead('x' as never)),
    );
    res.writeHead(200, {}).end('x');
  }),
  head('bad names, values and reasons', (res, see) => {
    see(
      codeOf(() => res.setHeader('a b', 'x')),
      codeOf(() => res.setHeader('a', 'x\r\ny')),
      codeOf(() => res.setHeader('', 'x')),
    );
    see(
      codeOf(() => res.setHeader('a', undefined as never)),
      codeOf(() => res.setHeader('a', '\u20ac')),
    );
    see(
      codeOf(() => validateHeaderName('a:')),
      codeOf(() => validateHeaderValue('a', '\0')),
    );
    see(codeOf(() => res.writeHead(200, 'a\r\nb')));
    res.statusMessage = '';
    res.end('x');
  }),
  head('statusCode and statusMessage', (res, see) => {
    res.statusCode = 418;
    res.statusMessage = 'Short and stout';
    res.end('x');
    see(...state(res));
  }),
  ...[200, 202, 203, 206, 299, 300, 307, 400, 418, 451, 499, 500, 511, 599].map((status) =>
    head(`the status ${status}`, (res, see) => {
      res.writeHead(status).end('x');
      see(res.statusMessage);
    }),
  ),
  head('204 has no content', (res, see) => {
    res.writeHead(204);
    see(res.write('lost'), res.getHeaders());
    res.end();
  }),
  head(
    '304 has no content, and may tell its length',
    (res) => void res.writeHead(304, { ETag: '"a"', 'Content-Length': '5' }).end(),
  ),
  head('205 has no content', (res) => void res.writeHead(205, { 'Content-Length': 0 }).end()),
  head('setHeader, getHeader, hasHeader, removeHeader', (res, see) => {
    res.setHeader('X-A', 1).setHeader('x-b', ['1', '2']).setHeader('Gone', 'x').removeHeader('gone');
    see(
      res.getHeader('x-a'),
      res.getHeader('X-B'),
      res.hasHeader('gone'),
      res.getHeaderNames(),
      (res as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames(),
    );
    res.end('x');
  }),
  head('appendHeader and setHeaders', (res, see) => {
    res.appendHeader('X-A', '1').appendHeader('x-a', ['2', '3']);
    res.setHeaders(new Headers({ 'X-Set': 'a' }));
    res.setHeaders(new Map([['X-Map', 'b']]));
    see(res.getHeaders());
    res.end('x');
  }),
  head('several cookies', (res) => {
    res.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']).appendHeader('Set-Cookie', 'c=3; Domain=localhost');
    res.end('x');
  }),
  head('names as they are written', (res) => {
    res.setHeader('x-LOWER', 'a').setHeader('X-Request-ID', 'b');
    res.writeHead(200, { eTaG: '"x"', 'WWW-authenticate': 'Basic realm="a"' }).end();
  }),
  head('a value of bytes above ASCII', (res) => void res.setHeader('X-A', 'caf\xe9 \xff').end()),
  head('sendDate', (res, see) => {
    res.sendDate = false;
    see(res.sendDate);
    res.end('x');
  }),
  head('a Date of the application', (res) => void res.setHeader('Date', 'Mon, 01 Jan 2001 00:00:00 GMT').end('x')),
  head('a Date that was removed', (res) => {
    res.removeHeader('Date');
    res.end('x');
  }),
  head('fields that a gateway would touch', (res) => {
    res.setHeader('Server', 'mine').setHeader('Via', '1.1 other').setHeader('Alt-Svc', 'h3=":443"');
    res.setHeader('Location', '/elsewhere').setHeader('Strict-Transport-Security', 'max-age=1').setHeader('Age', '3');
    res.end('x');
  }),
  head('flushHeaders', (res, see) => {
    res.setHeader('X-A', '1');
    res.flushHeaders();
    see(...state(res));
    setImmediate(() => res.end('x'));
  }),
  head('flushHeaders, and nothing more', (res) => {
    res.flushHeaders();
    res.end();
  }),
  head('what is set too late', (res, see) => {
    res.write('x');
    see(
      codeOf(() => res.setHeader('X', 'y')),
      codeOf(() => res.appendHeader('X', 'y')),
      codeOf(() => res.writeHead(404)),
    );
    res.statusCode = 404;
    res.end();
    see(codeOf(() => res.flushHeaders()));
  }),
  head('assigned headers of old', (res, see) => {
    see((res as unknown as { _headers?: object })._headers, typeof (res as unknown as { _header: unknown })._header);
    res.end('x');
    see(((res as unknown as { _header: string })._header ?? '').split('\r\n')[0]);
  }),
  head(
    'an answer to HEAD as for GET',
    (res, see) => {
      res.writeHead(200, { 'Content-Type': 'text/plain' });
      see(res.write('body'));
      res.end('more');
    },
    requestOf('HEAD / HTTP/1.1', []),
  ),
];

runContract('an answer`s head', rows);
