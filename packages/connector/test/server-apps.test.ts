import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createMemoryPair, type MemoryPair } from './harness/memory-pair.js';
import { TestBody } from './harness/visitor.js';

let pair: MemoryPair;
afterEach(() => pair.close());

describe('an application', () => {
  it('made with Express works as it is', async () => {
    const { default: express } = (await import('express' as string)) as { default: any };
    const app = express();
    app.set('trust proxy', false);
    app.use(express.json());
    app.get('/hello/:name', (req: any, res: any) =>
      res.json({ name: req.params.name, ip: req.ip, protocol: req.protocol, q: req.query }),
    );
    app.post('/sum', (req: any, res: any) => res.status(201).send(String(req.body.a + req.body.b)));
    app.get('/fail', async () => {
      throw new Error('broken');
    });
    app.use((error: Error, _req: any, res: any, _next: unknown) => res.status(500).send(error.message));
    pair = createMemoryPair(app);
    const hello = await pair.visit({ path: '/hello/you?x=1', metadata: ['peer 192.0.2.1 5', 'scheme https'] }).done();
    expect(JSON.parse(hello.text)).toEqual({ name: 'you', ip: '192.0.2.1', protocol: 'https', q: { x: '1' } });
    const body = new TestBody().push('{"a":1,"b":2}').end();
    const fields = [
      ['Content-Type', 'application/json'],
      ['Content-Length', '13'],
    ] as const;
    const sum = await pair.visit({ method: 'POST', path: '/sum', fields, body }).done();
    expect([sum.head?.status, sum.text]).toEqual([201, '3']);
    expect((await pair.visit({ path: '/fail' }).done()).text).toBe('broken');
    expect((await pair.visit({ path: '/none' }).done()).head?.status).toBe(404);
    expect(pair.failures).toEqual([]);
  });

  it('may listen itself as well', async () => {
    const server = createServer((req, res) => res.end(`${req.url}`));
    pair = createMemoryPair(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const direct = new Promise<string>((resolve) => {
      get({ port, path: '/direct', agent: false }, (res) => res.on('data', (data: Buffer) => resolve(data.toString())));
    });
    expect((await pair.visit({ path: '/tunnel' }).done()).text).toBe('/tunnel');
    expect(await direct).toBe('/direct');
    await new Promise((resolve) => server.close(resolve));
    expect((await pair.visit({ path: '/after' }).done()).text).toBe('/after');
  });

  it('keeps what it stores for a request to that request', async () => {
    const storage = new AsyncLocalStorage<string>();
    pair = createMemoryPair(async (req, res) => {
      const before = storage.getStore();
      storage.enterWith(req.url!);
      await new Promise((resolve) => setImmediate(resolve));
      res.end(`${before} ${storage.getStore()}`);
    });
    const answers = ['/a', '/b', '/c'].map((path) => pair.visit({ path }).done());
    expect((await Promise.all(answers)).map(({ text }) => text)).toEqual([
      'undefined /a',
      'undefined /b',
      'undefined /c',
    ]);
  });

  it('finds it again in all that it hears of a request', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: string[] = [];
    pair = createMemoryPair((req, res) => {
      storage.enterWith(req.url!);
      const note = (what: string) => (): void => void seen.push(`${what} ${storage.getStore()}`);
      req.on('data', note('data'));
      req.on('end', () => {
        note('end')();
        res.on('drain', () => res.end());
        res.write(Buffer.alloc(100_000), note('written'));
      });
      for (const name of ['drain', 'finish', 'close']) res.on(name, note(name));
    });
    const visits = ['/a', '/b'].map((path) => {
      const body = new TestBody();
      const visit = pair.visit({ method: 'POST', path, body });
      setImmediate(() => body.push('x').end());
      return visit.done();
    });
    await Promise.all(visits);
    await new Promise((resolve) => setImmediate(resolve));
    const names = ['data', 'end', 'written', 'drain', 'finish', 'close'];
    expect(seen.sort()).toEqual(names.flatMap((name) => [`${name} /a`, `${name} /b`]).sort());
  });

  it('is seen by tracers', async () => {
    const seen: string[] = [];
    const onStart = (message: any): void => void seen.push(`start ${message.request.url} ${message.server === server}`);
    const onFinish = (message: any): void => void seen.push(`finish ${message.response.statusCode}`);
    channel('http.server.request.start').subscribe(onStart);
    channel('http.server.response.finish').subscribe(onFinish);
    const server = createServer((_req, res) => res.writeHead(202).end());
    pair = createMemoryPair(server);
    let closed: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      closed = resolve;
    });
    server.on('request', (_req, res) => res.on('close', closed));
    await pair.visit({ path: '/t' }).done();
    await over;
    channel('http.server.request.start').unsubscribe(onStart);
    channel('http.server.response.finish').unsubscribe(onFinish);
    expect(seen).toEqual(['start /t true', 'finish 202']);
  });

  it('may use what a socket offers', async () => {
    let timedOut = '';
    pair = createMemoryPair((req, res) => {
      const { socket } = req;
      socket.setNoDelay(true).setKeepAlive(true).ref().unref();
      expect(socket.address()).toEqual({});
      expect(res.socket).toBe(socket);
      res.setTimeout(1, () => {
        timedOut = 'res';
        res.end('late');
      });
    });
    expect((await pair.visit().done()).text).toBe('late');
    expect(timedOut).toBe('res');
  });
});
