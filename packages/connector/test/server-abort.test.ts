import { createServer, IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ReverseHttpError } from '@reverse-http/protocol/errors';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => {
  expect(pair.acceptor.active).toBe(0);
  pair.close();
});
const serve = (handler: RequestListener): MemoryPair => {
  pair = createMemoryPair(handler);
  return pair;
};
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
};
const watch = (req: IncomingMessage, res: ServerResponse): string[] => {
  const events: string[] = [];
  req.on('aborted', () => events.push('req aborted'));
  req.on('error', (error: NodeJS.ErrnoException) => events.push(`req error ${error.code}`));
  req.on('close', () => events.push('req close'));
  res.on('finish', () => events.push('res finish'));
  res.on('close', () => events.push('res close'));
  req.socket.on('close', () => events.push('socket close'));
  return events;
};

describe('a visitor that leaves', () => {
  it('is seen by the handler as over a socket', async () => {
    let events: string[] = [];
    let request: IncomingMessage | undefined;
    let response: ServerResponse | undefined;
    const { visit, failures } = serve((req, res) => {
      events = watch(req, res);
      [request, response] = [req, res];
      res.write('begun');
    });
    const answer = visit({ method: 'POST', body: new TestBody().push('half') });
    await answer.until(({ text }) => text === 'begun');
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(events.sort()).toEqual(['req aborted', 'req close', 'req error ECONNRESET', 'res close', 'socket close']);
    expect([request?.complete, request?.aborted, request?.destroyed, response?.destroyed]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(response?.write('more')).toBe(false);
    response?.end('more');
    await settle();
    expect(failures).toEqual([]);
  });

  it('after an answer that came early ends the request that will not be whole', async () => {
    let events: string[] = [];
    const { visit, failures } = serve((req, res) => {
      events = watch(req, res);
      req.resume();
      res.end('early');
    });
    const answer = visit({ method: 'POST', body: new TestBody().push('half') });
    await answer.until(({ text }) => text === 'early');
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(events.slice(0, 2)).toEqual(['res finish', 'res close']);
    expect(events.slice(2).sort()).toEqual(['req aborted', 'req close', 'req error ECONNRESET', 'socket close']);
    expect(failures).toEqual([]);
  });

  it('fails the writes that wait', async () => {
    let error: unknown;
    const { visit } = serve((_req, res) => {
      res.write(Buffer.alloc(300_000), (thrown) => {
        error = thrown;
      });
    });
    const answer = visit({ reads: false });
    await answer.until(({ received }) => received > 0);
    answer.exchange.abort('visitor-gone');
    await settle();
    expect(error).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
  });
});

describe('a handler that fails', () => {
  it('by throwing before the head', async () => {
    const error = new Error('broken');
    const { visit, failures } = serve(() => {
      throw error;
    });
    expect((await visit().done()).failure).toEqual({ reason: 'handler-failed', detail: '' });
    expect(failures).toEqual([error]);
  });

  it('by throwing after the head', async () => {
    const { visit, failures } = serve((_req, res) => {
      res.write('half');
      throw new Error('broken');
    });
    const answer = await visit().done();
    expect(answer.ended).toBe(false);
    expect(answer.failure?.reason).toBe('handler-failed');
    expect(failures).toHaveLength(1);
  });

  it('by throwing when it hears the body', async () => {
    const { visit, failures } = serve((req) => {
      req.on('data', () => {
        throw new Error('broken');
      });
    });
    const body = new TestBody();
    const answer = visit({ method: 'POST', body });
    await settle();
    body.push('x');
    expect((await answer.done()).failure?.reason).toBe('handler-failed');
    expect(failures).toHaveLength(1);
  });

  it('by rejecting, before and after the head, and even after the answer', async () => {
    const { visit, failures } = serve(async (req, res) => {
      if (req.url === '/begun') res.write('begun');
      if (req.url === '/over') await new Promise<void>((resolve) => res.end('over', resolve));
      throw new Error(req.url);
    });
    expect((await visit({ path: '/' }).done()).failure?.reason).toBe('handler-failed');
    expect((await visit({ path: '/begun' }).done()).failure?.reason).toBe('handler-failed');
    const over = await visit({ path: '/over' }).done();
    expect([over.text, over.failure]).toEqual(['over', undefined]);
    await settle();
    expect(failures.map((error) => (error as Error).message)).toEqual(['/', '/begun', '/over']);
  });

  it('before there is a request for it', async () => {
    class Broken extends IncomingMessage {
      constructor(socket: Socket) {
        super(socket);
        throw new Error('no request');
      }
    }
    pair = createMemoryPair(createServer({ IncomingMessage: Broken }, () => expect.unreachable()));
    const body = new TestBody().push('x').end();
    expect((await pair.visit({ method: 'POST', body }).done()).failure?.reason).toBe('handler-failed');
    expect((await pair.visit().done()).failure?.reason).toBe('handler-failed');
  });

  it('is not called for a head that is none', async () => {
    const { visit } = serve(() => expect.unreachable());
    expect((await visit({ method: 'GET /', body: new TestBody() }).done()).failure?.reason).toBe('bad-request');
  });

  it('without harm to the next request', async () => {
    const { visit } = serve((req, res) => {
      if (req.url === '/bad') throw new Error('broken');
      res.end('good');
    });
    const answers = ['/bad', '/', '/bad', '/'].map((path) => visit({ path }).done());
    const texts = (await Promise.all(answers)).map(({ text, failure }) => failure?.reason ?? text);
    expect(texts).toEqual(['handler-failed', 'good', 'handler-failed', 'good']);
  });
});

describe('a handler that hangs up', () => {
  const ways: Record<string, RequestListener> = {
    'req.destroy()': (req) => void req.destroy(),
    'res.destroy()': (_req, res) => void res.destroy(),
    'socket.destroy()': (req) => void req.socket.destroy(),
    'socket.end()': (req) => void req.socket.end(),
    'res.destroy(error)': (_req, res) => void res.destroy(new Error('on purpose')),
  };
  for (const [name, handler] of Object.entries(ways)) {
    it(`by ${name}`, async () => {
      const { visit } = serve((req, res) => {
        req.on('error', () => {});
        handler(req, res);
      });
      expect((await visit().done()).failure?.reason).toBe('bad-answer');
      await settle();
    });
  }
});

describe('an answer that is none', () => {
  const ways: Record<string, RequestListener> = {
    'longer than its Content-Length': (_req, res) => {
      res.writeHead(200, { 'Content-Length': '3' });
      res.end('four');
    },
    'shorter than its Content-Length': (_req, res) => {
      res.writeHead(200, { 'Content-Length': '5' });
      res.end('four');
    },
    'with two lengths': (_req, res) => {
      res.writeHead(200, [
        ['Content-Length', '3'],
        ['Content-Length', '4'],
      ] as never);
      res.end('four');
    },
    'with an interim status as the final one': (_req, res) => res.writeHead(103).end(),
    'an upgrade that was not asked for': (_req, res) => res.writeHead(101).end(),
    'with a status out of range': (_req, res) => res.writeHead(999).end(),
    'not HTTP at all': (req) => void req.socket.write('SSH-2.0-OpenSSH\r\n'),
    'with a head beyond all bounds': (_req, res) => {
      res.writeHead(200, { 'X-Long': 'x'.repeat(60_000) });
      res.end();
    },
    'followed by another': (req, res) => {
      const { socket } = req;
      res.end('x'.repeat(100_000));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    },
  };
  for (const [name, handler] of Object.entries(ways)) {
    it(name, async () => {
      const { visit, failures } = serve(handler);
      const answer = await visit().done();
      expect(answer.failure?.reason).toBe('bad-answer');
      expect((failures[0] as ReverseHttpError).code).toBe('bad-answer');
      await settle();
    });
  }

  it('cannot be made by header injection or a late write', async () => {
    const errors: string[] = [];
    const { visit } = serve((_req, res) => {
      res.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      try {
        res.setHeader('X-Evil', 'a\r\nSet-Cookie: b=1');
      } catch (error) {
        errors.push((error as NodeJS.ErrnoException).code ?? '');
      }
      res.end('fine');
      res.write('late');
    });
    const answer = await visit().done();
    await settle();
    expect(answer.text).toBe('fine');
    expect(answer.head?.get('set-cookie')).toBeUndefined();
    expect(errors).toEqual(['ERR_INVALID_CHAR', 'ERR_STREAM_WRITE_AFTER_END']);
  });
});

describe('a session that is lost', () => {
  it('aborts its handlers', async () => {
    let events: string[] = [];
    const { visit } = serve((req, res) => {
      events = watch(req, res);
      res.write('x');
    });
    await visit().until(({ received }) => received > 0);
    pair.connector.close('gone');
    await settle();
    expect(events).toContain('res close');
  });

  it('that comes back does not', async () => {
    let finish: () => void = () => {};
    const { visit } = serve((_req, res) => {
      res.write('one ');
      finish = () => res.end('two');
    });
    const answer = visit();
    await answer.until(({ text }) => text === 'one ');
    pair.cut();
    finish();
    await settle();
    pair.relink();
    expect((await answer.done()).text).toBe('one two');
  });
});

describe('a handler that hangs up after its answer', () => {
  const ways: Record<string, RequestListener> = {
    'destroySoon()': (req, res) => {
      res.end('all of it');
      (req.socket as { destroySoon(): void }).destroySoon();
    },
    'destroy() on finish': (req, res) => {
      res.on('finish', () => req.socket.destroy());
      res.end('all of it');
    },
    'Connection: close': (_req, res) => {
      res.setHeader('Connection', 'close');
      res.end('all of it');
    },
  };
  for (const [name, handler] of Object.entries(ways)) {
    it(`by ${name} loses nothing of it`, async () => {
      const { visit } = serve(handler);
      const answer = visit({ method: 'POST', body: new TestBody().push('unread') });
      await answer.done();
      expect([answer.text, answer.failure]).toEqual(['all of it', undefined]);
      await answer.until(({ stopped }) => stopped);
      expect(answer.head?.get('connection')).toBeUndefined();
    });
  }
});
