import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());
const serve = (handler: RequestListener): MemoryPair => {
  pair = createMemoryPair(handler);
  return pair;
};
const expecting = (body: TestBody) => ({ method: 'POST', fields: [['Expect', '100-continue']] as const, body });

describe('interim answers', () => {
  it('go out in order before the final one', async () => {
    const { visit } = serve((_req, res) => {
      res.writeProcessing();
      res.writeEarlyHints({
        link: '</style.css>; rel=preload; as=style',
        'x-more': 'yes',
        connection: 'x-hop',
        'x-hop': '1',
      });
      res.end('final');
    });
    const answer = await visit().done();
    expect(answer.interims.map(({ status }) => status)).toEqual([102, 103]);
    expect(answer.interims[1]?.get('link')).toBe('</style.css>; rel=preload; as=style');
    expect(answer.interims[1]?.get('x-more')).toBe('yes');
    expect(answer.interims[1]?.get('connection') ?? answer.interims[1]?.get('x-hop')).toBeUndefined();
    expect(answer.text).toBe('final');
  });

  it('ask for the body by themselves', async () => {
    const { visit } = serve((req, res) => {
      req.on('data', () => {});
      req.on('end', () => res.end('got it'));
    });
    const body = new TestBody();
    const answer = visit(expecting(body));
    await answer.until(({ interims }) => interims.length === 1);
    expect(answer.interims[0]?.status).toBe(100);
    body.push('data').end();
    expect((await answer.done()).text).toBe('got it');
  });

  it('are left to a checkContinue listener', async () => {
    const server = createServer(() => expect.unreachable());
    server.on('checkContinue', (req, res) => {
      res.writeContinue();
      req.resume().on('end', () => res.end('checked'));
    });
    pair = createMemoryPair(server);
    const body = new TestBody();
    const answer = pair.visit(expecting(body));
    await answer.until(({ interims }) => interims.length === 1);
    body.end();
    expect((await answer.done()).text).toBe('checked');
  });

  it('need not come where the request is refused', async () => {
    const server = createServer();
    server.on('checkContinue', (_req, res) => res.writeHead(417).end());
    pair = createMemoryPair(server);
    const answer = await pair.visit(expecting(new TestBody())).done();
    expect([answer.head?.status, answer.interims.length]).toEqual([417, 0]);
  });
});
