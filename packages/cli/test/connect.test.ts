import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bench, createBench, type StartedGateway } from './support/rhttp.js';
import { listenSelfSigned } from './support/self-signed.js';
import { freePort, type Listening, listenHttp, listenRaw } from './support/servers.js';

let bench: Bench;
let gateway: StartedGateway;
let app: Listening<unknown>;
beforeEach(async () => {
  bench = createBench();
  app = await listenHttp((request, response) =>
    response.end(`${request.method} ${request.url} ${request.headers.host}`),
  );
  gateway = await bench.gateway();
});
afterEach(async () => {
  await bench.end();
  await app.close();
});

const origin = (): string => String(app.port);

test('one line with the public URL, found token and all, and the server answers there', async () => {
  const connector = bench.start(['connect', origin(), '--target', 'A']);
  const line = await connector.line(/->/);
  expect(line).toBe(`${gateway.url}/gw/A/ -> http://127.0.0.1:${app.port}`);
  expect(await text(`${gateway.url}/gw/A/x?y=1`)).toBe(`GET /x?y=1 ${new URL(gateway.url).host}`);
  expect(connector.err).toEqual([]);
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
  expect(connector.out).toEqual([line, 'Closed.']);
});

test('--json prints a line for each state, in the shape that scripts rely on', async () => {
  const connector = bench.start(['connect', origin(), '--target', 'A', '--json', '--transport', 'websocket']);
  const ready = await connector.json({ event: 'ready' });
  expect(ready).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    event: 'ready',
    target: 'A',
    url: `${gateway.url}/gw/A/`,
    urls: expect.arrayContaining([`${gateway.url}/gw/A/`]),
    transport: 'websocket',
    replicas: 1,
  });
  connector.signal('SIGINT');
  expect(await connector.exited).toBe(0);
  const events = connector.out.map((line) => (JSON.parse(line) as { event: string }).event);
  expect(events).toEqual(['connecting', 'ready', 'closed']);
});

test.each(['poll', 'websocket'])('--transport %s is the one that carries', async (transport) => {
  const connector = bench.start(['connect', origin(), '--target', 'A', '--json', '--transport', transport]);
  expect(await connector.json({ event: 'ready' })).toMatchObject({ transport });
});

test.each([
  ['host:port', (port: number) => `127.0.0.1:${port}`],
  ['a URL', (port: number) => `http://localhost:${port}`],
  ['a URL with a path', (port: number) => `http://127.0.0.1:${port}/base`],
])('%s may be connected', async (kind, to) => {
  const connector = bench.start(['connect', to(app.port), '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  expect(await text(`${url}x`)).toMatch(kind === 'a URL with a path' ? /^GET \/base\/x / : /^GET \/x /);
});

test('a UNIX socket may be connected, by a path from here', async () => {
  const server = createServer((_, response) => response.end('by socket')).listen(join(bench.folder, 'app.sock'));
  await once(server, 'listening');
  const connector = bench.start(['connect', 'unix:app.sock', '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  expect(await text(url)).toBe('by socket');
  server.close();
  server.closeAllConnections();
});

test('--host-header says what the server sees', async () => {
  for (const [value, seen] of [
    ['preserve', new URL(gateway.url).host],
    ['rewrite', `127.0.0.1:${app.port}`],
    ['app.internal', 'app.internal'],
  ] as const) {
    const to = `http://127.0.0.1:${app.port}`;
    const connector = bench.start(['connect', to, '--target', 'A', '--json', '--host-header', value]);
    const { url } = await connector.json({ event: 'ready' });
    expect(await text(url)).toBe(`GET / ${seen}`);
    connector.signal('SIGTERM');
    await connector.exited;
  }
});

test('an https server is verified, by --origin-ca or not at all', async () => {
  const secure = await listenSelfSigned(bench.folder);
  const to = `https://localhost:${secure.port}`;
  for (const flags of [['--origin-ca', 'self-signed.pem'], ['--origin-insecure']]) {
    const connector = bench.start(['connect', to, '--target', 'A', '--json', ...flags]);
    const { url } = await connector.json({ event: 'ready' });
    expect(await text(url)).toBe('secure');
    connector.signal('SIGTERM');
    await connector.exited;
  }
  const strict = bench.start(['connect', to, '--target', 'A', '--json']);
  await strict.line(/^The certificate of .* is not trusted/);
  const { url } = await strict.json({ event: 'ready' });
  expect((await fetch(url)).status).toBe(502);
  await secure.close();
});

test('a server that answers garbage costs its visitor a 502, and nobody else anything', async () => {
  const garbage = await listenRaw('\u0000 this is no HTTP\r\n\r\n');
  const connector = bench.start(['connect', String(garbage.port), '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  const answer = await fetch(url);
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ type: '/.well-known/reverse-http/problems/bad-answer' });
  expect(await connector.line(/bad-answer/)).toBe(
    `A visitor got 502 bad-answer: the answer of 127.0.0.1:${garbage.port} is no good: the answer is not HTTP/1`,
  );
  expect(connector.err).toHaveLength(1);
  expect(connector.child.exitCode).toBeNull();
  await garbage.close();
});

test('a port where nothing listens: told once, answered 502, served when it does', async () => {
  const port = await freePort();
  const connector = bench.start(['connect', String(port), '--target', 'A', '--json']);
  const { url } = await connector.json({ event: 'ready' });
  for (let i = 0; i < 3; i++) expect((await fetch(url)).status).toBe(502);
  expect(connector.err).toEqual([
    `Nothing listens on 127.0.0.1:${port} yet; visitors get 502 origin-refused until it does.`,
  ]);
  const late = createServer((_, response) => response.end('here now')).listen(port, '127.0.0.1');
  await once(late, 'listening');
  expect(await text(url)).toBe('here now');
  late.close();
  late.closeAllConnections();
});

test('without --target the name is readable and cannot be guessed', async () => {
  const connector = bench.start(['connect', origin(), '--json']);
  expect((await connector.json({ event: 'ready' })).target).toMatch(/^[a-z]+-[a-z]+-[a-z2-9]{8}$/);
});

test("without --target the token's own target is taken, where it names one", async () => {
  const { out } = await bench.run(['token', 'create', '--target', 'camera-7']);
  const connector = bench.start(['connect', origin(), '--json'], { RHTTP_TOKEN: out });
  expect((await connector.json({ event: 'ready' })).target).toBe('camera-7');
});

test('secrets: a file, a file named in the environment, the environment; what is typed wins', async () => {
  const good = readFileSync(gateway.tokenFile, 'utf8').trim();
  writeFileSync(join(bench.folder, 'good'), `${good}\n`, { mode: 0o600 });
  writeFileSync(join(bench.folder, 'bad'), 'rhttp_nothing\n', { mode: 0o600 });
  const elsewhere = { RHTTP_STATE_DIR: join(bench.folder, 'elsewhere') };
  const cases: [string[], Record<string, string>][] = [
    [['--token-file', 'good'], { RHTTP_TOKEN: 'bad', RHTTP_TOKEN_FILE: 'bad' }],
    [['--token', good], { RHTTP_TOKEN_FILE: 'bad' }],
    [[], { RHTTP_TOKEN_FILE: 'good', RHTTP_TOKEN: 'bad' }],
    [[], { RHTTP_TOKEN: good }],
  ];
  for (const [args, env] of cases) {
    const all = [
      'connect',
      origin(),
      '--target',
      'A',
      '--json',
      '--gateway',
      gateway.url,
      '--on-refused',
      'exit',
      ...args,
    ];
    const connector = bench.start(all, { ...elsewhere, ...env });
    await connector.json({ event: 'ready' });
    connector.signal('SIGTERM');
    await connector.exited;
  }
});

test('a token file that others can read is told of', async () => {
  writeFileSync(join(bench.folder, 'open'), readFileSync(gateway.tokenFile), { mode: 0o644 });
  const connector = bench.start(['connect', origin(), '--token-file', 'open']);
  expect(await connector.line(/^Warning/)).toBe('Warning: other users of this machine can read open: chmod 600 open');
});

test('the token file is read again before each hello', async () => {
  const file = join(bench.folder, 'kept');
  writeFileSync(file, readFileSync(gateway.tokenFile), { mode: 0o600 });
  const args = ['connect', origin(), '--target', 'A', '--json', '--gateway', gateway.url, '--token-file', 'kept'];
  const connector = bench.start(args);
  await connector.json({ event: 'ready' });
  gateway.signal('SIGKILL');
  await gateway.exited;
  for (const name of ['token', 'tokens.json']) rmSync(join(bench.state, name));
  writeFileSync(file, (await bench.run(['token', 'create', '--target', 'A'])).out);
  const again = await bench.gateway(['--port', new URL(gateway.url).port]);
  expect(await again.json({ event: 'connected' })).toMatchObject({ targets: ['A'] });
});

test('a gateway behind TLS is verified, by --ca-file or by what Node trusts', async () => {
  const secure = await listenSelfSigned(bench.folder, Number(new URL(gateway.url).port));
  const args = ['connect', origin(), '--target', 'A', '--json', '--gateway', `https://localhost:${secure.port}`];
  const env = { RHTTP_TOKEN: readFileSync(gateway.tokenFile, 'utf8') };
  for (const transport of ['poll', 'websocket']) {
    const trusting = bench.start([...args, '--transport', transport, '--ca-file', 'self-signed.pem'], env);
    await trusting.json({ event: 'ready', transport });
    trusting.signal('SIGTERM');
    await trusting.exited;
    const strict = bench.start([...args, '--transport', transport], env);
    const { code, message } = await strict.json({ event: 'connecting', code: 'unreachable' });
    expect(message, code).toMatch(/self-signed certificate/);
  }
  await secure.close();
});

test('a token found on this machine is sent to no other gateway', async () => {
  const heard: string[] = [];
  const other = await listenHttp((request, response) => {
    request.setEncoding('latin1').on('data', (text: string) => heard.push(text));
    request.on('end', () => response.writeHead(404).end());
  });
  const args = [
    'connect',
    origin(),
    '--target',
    'A',
    '--transport',
    'poll',
    '--keep-alive',
    '5m',
    '--gateway',
    `http://localhost:${other.port}`,
  ];
  const connector = bench.start(args);
  await connector.line(/^Not connected/);
  expect(heard.join('')).toContain('"key"');
  expect(heard.join('')).toContain('"keepAliveMs":300000');
  expect(heard.join('')).not.toContain('rhttp_');
  await other.close();
});

test('a refused credential: 3 at once, or told and tried again', async () => {
  const args = ['connect', origin(), '--target', 'A', '--json'];
  const env = { RHTTP_TOKEN: 'wrong' };
  const strict = await bench.run([...args, '--on-refused', 'exit'], env);
  expect(strict.code).toBe(3);
  expect(JSON.parse(strict.out.split('\n').at(-1)!)).toMatchObject({ event: 'closed', code: 'unauthorized' });
  const service = bench.start(args, env);
  const refused = await service.json({ event: 'refused' });
  expect(refused).toMatchObject({ target: 'A', code: 'unauthorized' });
  // A minute, give or take the jitter.
  expect(refused.retryInMs).toBeGreaterThan(20_000);
  expect(refused.retryInMs).toBeLessThan(100_000);
  service.signal('SIGTERM');
  expect(await service.exited).toBe(0);
});

test('a revoked token ends the session with its reason', async () => {
  const token = (await bench.run(['token', 'create', '--target', 'A'])).out;
  const args = ['connect', origin(), '--target', 'A', '--json', '--on-refused', 'exit'];
  const connector = bench.start(args, { RHTTP_TOKEN: token });
  await connector.json({ event: 'ready' });
  expect((await bench.run(['token', 'revoke', token.split('_')[1]!])).code).toBe(0);
  expect(await connector.exited).toBe(3);
  expect(await connector.json({ event: 'refused' })).toMatchObject({ code: 'revoked' });
});

test('it goes on by itself when the gateway is back, with the token that is there then', async () => {
  const connector = bench.start(['connect', origin(), '--target', 'A', '--json']);
  await connector.json({ event: 'ready' });
  const { port } = new URL(gateway.url);
  gateway.signal('SIGKILL');
  await gateway.exited;
  rmSync(join(bench.state, 'token'));
  rmSync(join(bench.state, 'tokens.json'));
  const again = await bench.gateway(['--port', port]);
  expect(again.tokenFile).toBe(gateway.tokenFile);
  const count = (): number => connector.out.filter((line) => line.includes('"event":"ready"')).length;
  const before = count();
  while (count() === before) await once(connector.child.stdout!, 'data');
  expect(await text(`${again.url.replace('localhost', '127.0.0.1')}/gw/A/`)).toMatch(/^GET \/ /);
});

test('a restart of the same replica takes its place; two processes share', async () => {
  const args = ['connect', origin(), '--target', 'A', '--json'];
  const first = bench.start(args);
  await first.json({ event: 'ready', replicas: 1 });
  const second = bench.start(args);
  await second.json({ event: 'ready', replicas: 2 });
  expect(await second.line(/^A is shared with/)).toMatch(
    new RegExp(`^A is shared with replica [a-z]+-[a-z]+-[a-z2-9]{5} on host ${hostname()}\\.$`),
  );
  const names = async (): Promise<string[]> => {
    const { targets } = JSON.parse((await bench.run(['status', '--json'])).out);
    return targets[0].replicas.map((each: { replica: string }) => each.replica).sort();
  };
  const before = await names();
  expect(new Set(before).size).toBe(2);
  second.signal('SIGKILL');
  await second.exited;
  const again = bench.start(args);
  await again.json({ event: 'ready' });
  expect(await names()).toEqual(before);
});

test('a newer start of a replica that was named puts the older one on standby', async () => {
  const args = ['connect', origin(), '--target', 'A', '--json', '--replica', 'one'];
  const first = bench.start(args);
  await first.json({ event: 'ready' });
  bench.start(args);
  expect(await first.json({ event: 'standby' })).toMatchObject({ target: 'A', retryInMs: 60_000 });
});

test('several targets from one file, over one session', async () => {
  const secure = await listenSelfSigned(bench.folder);
  writeFileSync(
    join(bench.folder, 'site.yaml'),
    `targets:
  - { target: one, to: ${app.port} }
  - { target: "2", to: "127.0.0.1:${app.port}", hostHeader: two.internal }
  - { target: three, to: "https://localhost:${secure.port}", originCa: self-signed.pem }\n`,
  );
  const connector = bench.start(['connect', '--config', 'site.yaml', '--json']);
  const [one, two, three] = await Promise.all(
    ['one', '2', 'three'].map((target) => connector.json({ event: 'ready', target })),
  );
  expect(one).toMatchObject({ url: `${gateway.url}/gw/one/`, transport: 'poll', replicas: 1 });
  expect(await text(one!.url)).toBe(`GET / ${new URL(gateway.url).host}`);
  expect(await text(two!.url)).toBe('GET / two.internal');
  expect(await text(three!.url)).toBe('secure');
  const { targets } = JSON.parse((await bench.run(['status', '--json'])).out);
  expect(targets.length).toBe(3);
  expect(new Set(targets.map((each: any) => each.replicas[0].session)).size).toBe(1);
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
  const closed = connector.out.map((line) => JSON.parse(line)).filter(({ event }) => event === 'closed');
  expect(closed.map(({ target }) => target)).toEqual(['one', '2', 'three']);
  await secure.close();
});

test('several targets, for people: a line with each URL, and one for each change', async () => {
  writeFileSync(
    join(bench.folder, 'site.yaml'),
    `targets: [{ target: b, to: ${app.port} }, { target: "1", to: app:80 }]\n`,
  );
  const connector = bench.start(['connect', '--config', 'site.yaml']);
  await connector.line(/gw\/1\//);
  connector.signal('SIGTERM');
  expect(await connector.exited).toBe(0);
  expect(connector.out).toEqual([
    `${gateway.url}/gw/b/ -> http://127.0.0.1:${app.port}`,
    `${gateway.url}/gw/1/ -> http://app:80`,
    'Closed.',
  ]);
});

test('a file with targets is checked as a whole', async () => {
  writeFileSync(
    join(bench.folder, 'site.yaml'),
    `gateway: gw.example.com
targets:
  - { target: a b, to: 3000 }
  - { tagret: c, to: 3000 }
  - { target: d, to: 3000 }
  - { target: D, to: 3001 }\n`,
  );
  const { code, err } = await bench.run(['connect', '--config', 'site.yaml']);
  expect(code).toBe(1);
  expect(err.split('\n')).toEqual([
    'site.yaml:1:1: gateway: expected a URL such as https://gw.example.com',
    'site.yaml:3:7: target: expected a target id: 1 to 63 of A-Z a-z 0-9 . _ -, begun and ended by a letter or digit',
    'site.yaml:4:5: target is missing',
    'site.yaml:4:7: tagret: there is no such option; known are target, to, hostHeader, originCa, originInsecure',
    'site.yaml:6:7: target: D is there twice',
  ]);
});

test('a signal lets running requests finish, a second one does not wait', async () => {
  const waiting: ServerResponse[] = [];
  const slow = await listenHttp((_, response) => void waiting.push(response));
  for (const signals of [1, 2]) {
    const connector = bench.start(['connect', String(slow.port), '--target', 'A', '--json']);
    const { url } = await connector.json({ event: 'ready' });
    const asked = once(slow.server as Server, 'request');
    const visit = fetch(url).then(({ status }) => status);
    await asked;
    connector.signal('SIGTERM');
    // It takes no more, which is seen by another one that is let in and served while it waits.
    const other = bench.start(['connect', origin(), '--target', 'A', '--json']);
    await other.json({ event: 'ready' });
    expect(await text(url)).toMatch(/^GET \/ /);
    expect(connector.child.exitCode).toBeNull();
    if (signals === 1) waiting.pop()!.end('done');
    else connector.signal('SIGTERM');
    expect(await connector.exited).toBe(0);
    expect(await visit).toBe(signals === 1 ? 200 : 502);
    other.signal('SIGTERM');
    await other.exited;
  }
  await slow.close();
});

test('labels reach the gateway', async () => {
  const flags = ['--label', 'site=berlin', '--label', 'line=4'];
  const connector = bench.start(['connect', origin(), '--target', 'A', '--json', ...flags]);
  await connector.json({ event: 'ready' });
  const { targets } = JSON.parse((await bench.run(['status', '--json'])).out);
  expect(targets[0].replicas[0].labels).toEqual({ host: hostname(), site: 'berlin', line: '4' });
});

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
