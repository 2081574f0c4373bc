import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OneWayHop, startOneWayHop } from '../support/one-way-hop.js';
import { seconds } from './ask.js';
import { type Command, startCommand } from './command.js';
import { type Figures, must, type Transport } from './drill.js';

/** How old the last round trip may be while a connector says ready, ms: the command looks once a second, and so does this. */
const maxAgeMs = 20_000 + 1500;

const originScript = `
const server = require('node:http').createServer((request, response) => {
  const ms = Number(new URL(request.url, 'http://origin').searchParams.get('ms'));
  setTimeout(() => response.end('here'), ms);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** A gateway of the command. */
export interface Gateway {
  readonly command: Command;
  readonly url: string;
}

/** Where a connector runs, and what it knows. */
export interface ConnectOptions {
  /** Default: the gateway itself. */
  readonly gateway?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the command. */
  readonly behind?: readonly string[];
}

/** A connector of the command, whose readiness is watched. */
export class Connector {
  readonly command: Command;
  readonly target: string;
  /** Whether its process stands still, or its clock is not ours: its word counts for nothing then. */
  unwatched = false;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;
  #oldestMs = 0;

  constructor(command: Command, target: string, file: string) {
    this.command = command;
    this.target = target;
    this.#file = file;
    this.#timer = setInterval(() => this.#look(), 250);
  }

  get state(): string {
    return this.command.told.findLast(({ target }) => target === this.target)?.event ?? 'none';
  }

  /** States since then, each after so many seconds. */
  statesSince(since: number): string {
    const told = this.command.told.filter(({ at }) => at >= since);
    return told.map(({ event, at }) => `${event} ${seconds(at - since)}`).join(', ') || 'none';
  }

  /** How old its last round trip was at most while it said ready. */
  ageFigures(): Figures {
    must(this.#oldestMs < maxAgeMs, `${this.target}: ready is no older than 20 s (${this.#oldestMs} ms)`);
    return { 'oldest round trip while ready s': seconds(this.#oldestMs) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.unwatched || this.state !== 'ready' || !existsSync(this.#file)) return;
    this.#oldestMs = Math.max(this.#oldestMs, Date.now() - statSync(this.#file).mtimeMs);
  }
}

/** Where a drill of the command takes place: gateways, connectors, hops, and servers behind them. */
export class Ground {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'rhttp-drill-'));
  readonly #commands: Command[] = [];
  readonly #hops: OneWayHop[] = [];
  readonly #connectors: Connector[] = [];
  readonly #children: ChildProcess[] = [];
  #origin: Promise<number> | undefined;

  /** Port of a server that answers after `?ms=`. */
  origin(): Promise<number> {
    this.#origin ??= this.originBehind([]);
    return this.#origin;
  }

  /** The same, started behind the words of another command. */
  async originBehind(behind: readonly string[]): Promise<number> {
    const words = [...behind, process.execPath, '-e', originScript];
    const child = spawn(words[0]!, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return Number(port);
  }

  /** A gateway that lets everybody in. */
  async gateway(args: readonly string[] = ['--port', '0']): Promise<Gateway> {
    const state = join(this.folder, `state-${this.#commands.length}`);
    const command = startCommand(['gateway', ...args, '--admin', 'off', '--auth', 'none'], { RHTTP_STATE_DIR: state });
    this.#commands.push(command);
    const { url } = await command.until(({ event }) => event === 'listening');
    return { command, url: String(url) };
  }

  async hop(url: string): Promise<OneWayHop> {
    const hop = await startOneWayHop(url);
    this.#hops.push(hop);
    return hop;
  }

  /** Starts a connector, which need not be ready yet. */
  connect(target: string, transport: Transport, gateway: string, origin: number, more: ConnectOptions = {}): Connector {
    const file = join(this.folder, `${target}.ready`);
    const where = ['--gateway', gateway, '--transport', transport, '--ready-file', file];
    const env = { RHTTP_STATE_DIR: join(this.folder, target), ...more.env };
    const command = startCommand(['connect', String(origin), '--target', target, ...where], env, more.behind);
    this.#commands.push(command);
    const connector = new Connector(command, target, file);
    this.#connectors.push(connector);
    return connector;
  }

  async end(): Promise<void> {
    for (const connector of this.#connectors) connector.stop();
    for (const { child } of this.#commands) child.kill('SIGKILL');
    for (const hop of this.#hops) await hop.close();
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
