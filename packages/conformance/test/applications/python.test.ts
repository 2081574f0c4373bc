import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, everyWay, serve } from './application.js';

const bytes = randomBytes(3_000_000);

// It answers by HTTP/1.0, ends bodies with the connection, and knows neither ranges nor POST.
describe.skipIf(spawnSync('python3', ['--version']).error !== undefined)('python3 -m http.server', () => {
  let folder: string;
  let python: ChildProcess;
  let origin: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'python-test-'));
    await mkdir(join(folder, 'sub folder'));
    await writeFile(join(folder, 'bytes.bin'), bytes);
    await writeFile(join(folder, 'sub folder', 'ä.txt'), 'text\n');
    const words = ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', folder];
    python = spawn('python3', words, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(createInterface({ input: python.stdout! }), 'line');
    origin = `http://127.0.0.1:${/port (\d+)/.exec(line)![1]}`;
  });
  afterAll(async () => {
    python.kill();
    await rm(folder, { recursive: true });
  });

  describe.each(everyWay)('by $transport, $route route', (way) => {
    let app: Application;
    beforeAll(async () => {
      app = await serve(origin, way);
    });
    afterAll(() => app.close());

    test('lists, files, heads, what has not changed', async () => {
      expect(await (await app.fetch('')).text()).toContain('<a href="sub%20folder/">');
      expect(await (await app.fetch('sub%20folder/%C3%A4.txt')).text()).toBe('text\n');
      const file = await app.fetch('bytes.bin');
      expect(Buffer.from(await file.arrayBuffer()).equals(bytes)).toBe(true);
      const head = await app.fetch('bytes.bin', { method: 'HEAD' });
      expect([head.headers.get('content-length'), head.headers.get('server')]).toEqual([
        `${bytes.length}`,
        expect.stringContaining('SimpleHTTP'),
      ]);
      const since = file.headers.get('last-modified')!;
      expect((await app.fetch('bytes.bin', { headers: { 'If-Modified-Since': since } })).status).toBe(304);
    });

    test('twenty at once; what it does not know is its own to say', async () => {
      const texts = Array.from({ length: 20 }, async () => (await app.fetch('sub%20folder/%C3%A4.txt')).text());
      expect(new Set(await Promise.all(texts))).toEqual(new Set(['text\n']));
      expect((await app.fetch('none')).status).toBe(404);
      // Without a body: it closes without reading one, and the reset may overtake its answer.
      expect((await app.fetch('', { method: 'POST' })).status).toBe(501);
    });
  });
});
