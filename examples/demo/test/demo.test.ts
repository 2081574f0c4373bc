import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const main = fileURLToPath(new URL('../main.js', import.meta.url));

interface Demo {
  readonly child: ChildProcess;
  readonly port: number;
  /** Its output up to and with the line that begins so. */
  until(beginning: string): Promise<string[]>;
  readonly exited: Promise<number | null>;
}

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function start(port?: number): Promise<Demo> {
  const chosen = port ?? (await freePort());
  const env = { ...process.env, PORT: String(chosen), ADMIN_PORT: String(await freePort()) };
  const child = spawn(process.execPath, [main], { env });
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => lines.push(line));
  const until = async (beginning: string): Promise<string[]> => {
    while (!lines.some((line) => line.startsWith(beginning))) await once(reader, 'line');
    return lines;
  };
  return { child, port: chosen, until, exited };
}

test('three servers that do not listen answer through the gateway, and Ctrl-C ends all', async () => {
  const { child, port, until, exited } = await start();
  const origin = `http://localhost:${port}`;
  expect(await until('          curl')).toEqual([
    `Gateway   ${origin}`,
    expect.stringMatching(/^Admin {5}http:\/\/localhost:\d+$/),
    expect.stringMatching(`^A  ready  ${origin}/gw/A/     \\(also http://a.localhost:${port}/\\)     websocket$`),
    expect.stringMatching(`^B  ready  ${origin}/gw/B/     \\(also http://b.localhost:${port}/\\)     polling$`),
    expect.stringMatching(`^C  ready  ${origin}/gw/C/     \\(also http://c.localhost:${port}/\\)     websocket$`),
    `Try       curl ${origin}/gw/A/`,
    expect.stringMatching(/^ {10}curl -H 'Authorization: Bearer \S+' http:\/\/localhost:\d+\/api\/v1\/targets$/),
  ]);

  const admin = (await until('Admin'))[1]!.slice('Admin'.length).trim();
  expect((await fetch(`${admin}/health`)).status).toBe(200);
  const [, field, credential] = / -H '(\w+): (.*)' /.exec((await until('          curl')).at(-1)!)!;
  expect((await fetch(`${admin}/api/v1/targets`, { headers: { [field!]: credential! } })).status).toBe(200);

  const pids: number[] = [];
  for (const name of ['A', 'B', 'C']) {
    const page = await fetch(`${origin}/gw/${name}/`);
    expect(await page.text()).toContain(`<title>Server ${name}</title>`);
    const status = (await (await fetch(`${origin}/gw/${name}/status`)).json()) as { server: string; pid: number };
    expect(status.server).toBe(name);
    pids.push(status.pid);
  }
  expect(new Set(pids).size).toBe(3);

  const upload = await fetch(`${origin}/gw/B/upload`, { method: 'POST', body: Buffer.alloc(1_000_000) });
  expect(await upload.json()).toMatchObject({ server: 'B', bytes: 1_000_000 });

  const events = await fetch(`${origin}/gw/C/events`);
  const { value } = await events.body!.getReader().read();
  expect(Buffer.from(value!).toString()).toMatch(/^data: \{"server":"C"/);

  const socket = new WebSocket(`ws://localhost:${port}/gw/A/echo`);
  await once(socket, 'open');
  socket.send('hello');
  expect(String((await once(socket, 'message'))[0])).toBe('hello');

  child.kill('SIGINT');
  expect(await exited).toBe(0);
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a port that is taken gives one line and exit code 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { child, exited } = await start(port);
  let complaints = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  expect(await exited).toBe(1);
  expect(complaints).toMatch(/^Port \d+ is taken: [^\n]+\n$/);
  server.close();
});
