import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const serve = (handler: RequestListener): MemoryPair => {
  pair = createMemoryPair(handler);
  return pair;
};

describe('a request without a body', () => {
  it('reaches the handler with its fields as they were sent', async () => {
    let seen: IncomingMessage | undefined;
    const { visit } = serve((req, res) => {
      seen = req;
      res.end('hello');
    });
    const answer = await visit({
      method: 'GET',
      path: '/a%20b?c=d&e',
      fields: [
        ['hOST', 'a.example:8080'],
        ['X-Twice', 'one'],
        ['x-twice', 'two'],
        ['Cookie', 'a=1'],
        ['cookie', 'b=2'],
        ['Accept', ''],
      ],
    }).done();
    expect(answer.head?.status).toBe(200);
    expect(answer.text).toBe('hello');
    expect(answer.head?.get('content-length')).toBe('5');
    expect(answer.head?.get('connection')).toBeUndefined();
    expect(answer.head?.get('date')).toBeDefined();
    expect(seen?.method).toBe('GET');
    expect(seen?.url).toBe('/a%20b?c=d&e');
    expect(seen?.httpVersion).toBe('1.1');
    expect(seen?.rawHeaders).toEqual([
      'hOST',
      'a.example:8080',
      'X-Twice',
      'one',
      'x-twice',
      'two',
      'Cookie',
      'a=1',
      'cookie',
      'b=2',
      'Accept',
      '',
    ]);
    expect(seen?.headers).toMatchObject({
      host: 'a.example:8080',
      'x-twice': 'one, two',
      cookie: 'a=1; b=2',
      accept: '',
    });
    expect(seen?.headersDistinct['x-twice']).toEqual(['one', 'two']);
  });

  it('knows its visitor', async () => {
    let peer: unknown;
    const { visit } = serve((req, res) => {
      const { remoteAddress, remotePort, remoteFamily } = req.socket;
      peer = { remoteAddress, remotePort, remoteFamily, encrypted: (req.socket as { encrypted?: boolean }).encrypted };
      res.end();
    });
    await visit({ metadata: ['target A', 'peer 2001:db8::7 443', 'scheme https', 'unknown x'] }).done();
    expect(peer).toEqual({ remoteAddress: '2001:db8::7', remotePort: 443, remoteFamily: 'IPv6', encrypted: true });
    await visit({ metadata: [] }).done();
    expect(peer).toEqual({
      remoteAddress: undefined,
      remotePort: undefined,
      remoteFamily: undefined,
      encrypted: undefined,
    });
  });

  it('closes its socket and counts no more, once all is over', async () => {
    let over: Promise<void> | undefined;
    const { visit, acceptor } = serve((req, res) => {
      over = new Promise((resolve) => req.socket.on('close', () => resolve()));
      res.end('x');
    });
    const answer = visit();
    await answer.until(({ head }) => head !== undefined);
    await over;
    expect(acceptor.active).toBe(0);
  });

  it('is made of the classes that the server was given', async () => {
    class OwnRequest extends IncomingMessage {}
    class OwnResponse extends ServerResponse<OwnRequest> {}
    const server = createServer({ IncomingMessage: OwnRequest, ServerResponse: OwnResponse }, (req, res) => {
      res.end(`${req instanceof OwnRequest} ${res instanceof OwnResponse}`);
    });
    pair = createMemoryPair(server);
    expect((await pair.visit().done()).text).toBe('true true');
  });

  it('gets bodiless answers without a body', async () => {
    const { visit } = serve((req, res) => {
      const status = Number(req.url?.slice(1));
      res.writeHead(status, status === 200 ? { 'Content-Length': '1000' } : {});
      res.end(req.method === 'HEAD' ? 'never sent' : undefined);
    });
    const head = await visit({ method: 'HEAD', path: '/200' }).done();
    expect([head.head?.status, head.head?.get('content-length'), head.received]).toEqual([200, '1000', 0]);
    for (const status of [204, 304]) {
      const answer = await visit({ path: `/${status}` }).done();
      expect([answer.head?.status, answer.received, answer.head?.get('transfer-encoding')]).toEqual([
        status,
        0,
        undefined,
      ]);
    }
  });

  it('takes an answer that ends with its connection', async () => {
    const { visit } = serve((_req, res) => {
      res.removeHeader('transfer-encoding');
      res.write('one ');
      res.end('two');
    });
    const answer = await visit().done();
    expect(answer.text).toBe('one two');
    expect(answer.failure).toBeUndefined();
  });
});
