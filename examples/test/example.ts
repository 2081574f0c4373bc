import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

/** An example that runs in a process of its own, started as a reader would start it. */
export interface Example {
  readonly process: ChildProcess;
  /** What it printed: its title's line, and the lines with something to try. */
  readonly lines: readonly string[];
  /** The public URL that it printed. */
  readonly url: string;
  /** Ctrl-C; the exit code. */
  interrupt(): Promise<number | null>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Runs `node examples/NAME/main.js`, with a gateway of its own on a free port unless `env` says otherwise. */
export async function startExample(name: string, env: NodeJS.ProcessEnv = {}, args: string[] = []): Promise<Example> {
  const { RHTTP_GATEWAY: _gateway, RHTTP_TOKEN: _token, ...inherited } = process.env;
  const child = spawn(process.execPath, [`examples/${name}/main.js`, ...args], {
    cwd: root,
    env: { ...inherited, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const exited = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const complaints = text(child.stderr!);
  const lines: string[] = [];
  await Promise.race([
    readUntilTry(child, lines),
    exited.then(async (code) => {
      throw new Error(`${name} ended with exit code ${code}: ${await complaints}`);
    }),
  ]);
  const url = lines.map((line) => /^\S+ +(http:\S+\/)$/.exec(line)?.[1]).find((found) => found !== undefined);
  if (url === undefined) throw new Error(`${name} printed no URL:\n${lines.join('\n')}`);
  return {
    process: child,
    lines,
    url,
    interrupt() {
      child.kill('SIGINT');
      return exited;
    },
  };
}

async function readUntilTry(child: ChildProcess, lines: string[]): Promise<void> {
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => lines.push(line));
  while (!lines.some((line) => line.startsWith('Try'))) await once(reader, 'line');
}

/** An answer with its body as text, of an URL whose host need not resolve: names below `localhost` do not everywhere. */
export async function get(
  url: string,
  options: RequestOptions = {},
): Promise<{
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}> {
  const { host, port, pathname, search } = new URL(url);
  const headers = { Host: host, ...(options.headers as Record<string, string> | undefined) };
  const request = httpRequest({ ...options, host: '127.0.0.1', port, path: pathname + search, headers, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** A body's pieces as text, each awaited when it is asked for. */
export function piecesOf(response: Response): () => Promise<string> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  return async () => {
    const { value } = await reader.read();
    return value ?? '';
  };
}
