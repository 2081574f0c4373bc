import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bench, createBench } from './support/rhttp.js';
import { freePort, type Listening, listenHttp } from './support/servers.js';

const page = readFileSync(new URL('../../../docs/command.md', import.meta.url), 'utf8');
const binaries = fileURLToPath(new URL('../../../node_modules/.bin', import.meta.url));
const commands = [...page.matchAll(/^ {4}(rhttp .*)$/gm)].map((match) => match[1]!);

let bench: Bench;
let app: Listening<unknown>;
let socket: Server;
let env: Record<string, string>;
/** What stands on the page, and what it is here. */
let places: [string | RegExp, string][];
let gateway: Running | undefined;
const running = new Set<Running>();

beforeAll(async () => {
  bench = createBench();
  app = await listenHttp((_, response) => response.end('hello'));
  socket = createServer((_, response) => response.end('hello')).listen(join(bench.folder, 'app.sock'));
  await once(socket, 'listening');
  const [port, admin] = [await freePort(), await freePort()];
  // Through the options' variables, so that what stands on the page need not name ports that are free here.
  env = {
    RHTTP_STATE_DIR: bench.state,
    RHTTP_PORT: String(port),
    RHTTP_ADMIN: `127.0.0.1:${admin}`,
    RHTTP_ON_REFUSED: 'exit',
  };
  places = [
    ['--port 8090', `--port ${port}`],
    ['--host 0.0.0.0', '--host 127.0.0.1'],
    ['https://gw.example.com', `http://localhost:${port}`],
    ['https://10.0.0.7', `http://127.0.0.1:${app.port}`],
    ['10.0.0.8:631', `127.0.0.1:${app.port}`],
    ['/etc/rhttp/token', join(bench.state, 'token')],
    ['/run/app.sock', join(bench.folder, 'app.sock')],
    [/\b3000\b/g, String(app.port)],
  ];
  for (const name of ['site.yaml', 'rhttp.yaml']) writeFileSync(join(bench.folder, name), here(example(name)));
});

afterAll(async () => {
  for (const each of running) each.child.kill('SIGKILL');
  await Promise.all([...running].map((each) => each.ended));
  await bench.end();
  await app.close();
  socket.close();
});

test('there are commands on the page', () => {
  expect(commands.length).toBeGreaterThan(20);
});

test.each(commands.map((command, i) => [command, i]))('%s', async (command) => {
  if (command.startsWith('rhttp gateway')) {
    gateway?.child.kill('SIGTERM');
    expect((await gateway?.ended) ?? 0).toBe(0);
    gateway = shell(command);
    await gateway.until(/^Next {6}rhttp connect/m);
    return;
  }
  // Those before may run on a gateway that is another one's by now, or without its admin listener.
  if (command.startsWith('rhttp connect')) {
    const connector = shell(command);
    await connector.until(command.includes('--json') ? /"event":"ready"/ : /^http:\S+ -> /m);
    connector.child.kill('SIGTERM');
    expect(await connector.ended).toBe(0);
    return;
  }
  if (command.startsWith('rhttp kick')) await bringTarget('A');
  const { until, ended, child } = shell(command.replace(/\bID\b/, () => someToken()));
  if (command.includes('--watch')) {
    await until(/Nothing is connected/);
    child.kill('SIGINT');
  }
  expect(await ended).toBe(0);
});

/** A block of the page that begins with the file's name. */
function example(name: string): string {
  const block = new RegExp(`^ {4}# ${name}\\n((?: {4}.*\\n)+)`, 'm').exec(page)![1]!;
  return block.replace(/^ {4}/gm, '');
}

function here(text: string): string {
  return places.reduce((result, [from, to]) => result.replaceAll(from as string, to), text);
}

async function bringTarget(target: string): Promise<void> {
  const connector = shell(`rhttp connect 3000 --target ${target} --json`);
  await connector.until(/"event":"ready"/);
}

function someToken(): string {
  const text = readFileSync(join(bench.state, 'tokens.json'), 'utf8');
  const { tokens } = JSON.parse(text) as { tokens: { id: string; revokedAt?: string }[] };
  return tokens.find((token) => token.revokedAt === undefined && token.id !== tokens[0]!.id)!.id;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  until(pattern: RegExp): Promise<void>;
}

/** By a real shell, as it is typed. */
function shell(command: string): Running {
  const child = spawn('sh', ['-c', `exec ${here(command)}`], {
    cwd: bench.folder,
    env: { ...process.env, ...env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const add = (piece: unknown): void => {
    text += String(piece);
  };
  child.stdout!.on('data', add);
  child.stderr!.on('data', add);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(run);
    return code as number | null;
  });
  const run: Running = {
    child,
    ended,
    async until(pattern) {
      while (!pattern.test(text)) {
        const more = await Promise.race([ended, once(child.stdout!, 'data'), once(child.stderr!, 'data')]);
        if (!Array.isArray(more) && !pattern.test(text)) throw new Error(`${command} ended:\n${text}`);
      }
    },
  };
  running.add(run);
  return run;
}
