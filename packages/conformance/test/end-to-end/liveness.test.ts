import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Bench, createBench, type Rhttp, type StartedGateway } from '../../../cli/test/support/rhttp.js';
import { type Listening, listenHttp } from '../../../cli/test/support/servers.js';
import { type OneWayHop, startOneWayHop, type Way } from '../support/one-way-hop.js';

const transports = ['websocket', 'poll'] as const;

// Nobody is told when half of a link goes, or a process stands still: both ends find out, and what runs goes on.
describe('a link that goes without a word', () => {
  let bench: Bench;
  let gateway: StartedGateway;
  let origin: Listening<unknown>;
  let hops: OneWayHop[];
  /** Lets the answers go that wait. */
  let letGo: () => void;

  beforeEach(async () => {
    bench = createBench();
    hops = [];
    gateway = await bench.gateway();
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const server = createServer((request, response) => {
      if (request.url === '/held') void held.then(() => response.end('held'));
      else response.end('here');
    });
    origin = await listenHttp((request, response) => void server.emit('request', request, response));
  });
  afterEach(async () => {
    await bench.end();
    for (const hop of hops) await hop.close();
    await origin.close();
  });

  const fileOf = (target: string): string => join(bench.folder, `${target}.ready`);

  async function connect(target: string, transport: string, url = gateway.url): Promise<Rhttp> {
    const where = ['--target', target, '--gateway', url, '--token-file', gateway.tokenFile, '--transport', transport];
    const flags = ['--keep-alive', '1s', '--ready-file', fileOf(target), '--replica', target, '--json'];
    const rhttp = bench.start(['connect', String(origin.port), ...where, ...flags]);
    await rhttp.json({ event: 'ready' });
    await vi.waitFor(() => expect(existsSync(fileOf(target))).toBe(true), 10_000);
    return rhttp;
  }

  async function ask(target: string, path: string): Promise<string> {
    const answer = await fetch(`${gateway.url}/gw/${target}/${path}`, { headers: { Connection: 'close' } });
    return `${answer.status} ${await answer.text()}`;
  }

  function statesOf({ out }: Rhttp): string[] {
    return out.map((line) => JSON.parse(line).event as string);
  }

  function untilState(connector: Rhttp, state: string): Promise<void> {
    return vi.waitFor(() => expect(statesOf(connector).at(-1)).toBe(state), 40_000);
  }

  /** The gateway's word of a target. */
  async function untilTold(event: string, target: string): Promise<void> {
    const told = (): boolean =>
      gateway.out.some((line) => {
        const { event: of, targets } = JSON.parse(line);
        return of === event && targets.includes(target);
      });
    await vi.waitFor(() => expect(told()).toBe(true), 40_000);
  }

  test('T23: up, down or both: it is not ready, its file is gone, and then both are back', {
    timeout: 90_000,
  }, async () => {
    const lose = async (name: string, ways: readonly Way[]): Promise<void> => {
      const hop = await startOneWayHop(gateway.url);
      hops.push(hop);
      const connector = await connect(name, 'websocket', hop.url);
      const before = statSync(fileOf(name)).mtimeMs;
      // Idle: only the keep-alive can tell.
      hop.swallow(ways);
      await vi.waitFor(() => expect(statesOf(connector)).toContain('detached'), 40_000);
      await untilState(connector, 'ready');
      await vi.waitFor(() => expect(statSync(fileOf(name)).mtimeMs).toBeGreaterThan(before), 10_000);
      expect(await ask(name, '')).toBe('200 here');
    };
    await Promise.all([lose('up', ['up']), lose('down', ['down']), lose('both', ['up', 'down'])]);
  });

  test('connectors that are stopped: the gateway finds out, and what runs goes on when they do', {
    timeout: 90_000,
  }, async () => {
    const stop = async (transport: string): Promise<void> => {
      const connector = await connect(transport, transport);
      const running = ask(transport, 'held');
      expect(await ask(transport, '')).toBe('200 here');
      connector.signal('SIGSTOP');
      const waiting = ask(transport, '');
      await untilTold('detached', transport);
      connector.signal('SIGCONT');
      await untilTold('resumed', transport);
      letGo();
      expect([await running, await waiting]).toEqual(['200 held', '200 here']);
    };
    await Promise.all(transports.map(stop));
  });

  test('a gateway that is stopped: the connectors find out, and what runs goes on when it does', {
    timeout: 90_000,
  }, async () => {
    const connectors = await Promise.all(transports.map((transport) => connect(transport, transport)));
    const running = transports.map((transport) => ask(transport, 'held'));
    for (const transport of transports) expect(await ask(transport, '')).toBe('200 here');
    gateway.signal('SIGSTOP');
    const waiting = transports.map((transport) => ask(transport, ''));
    letGo();
    await Promise.all(connectors.map((connector) => untilState(connector, 'detached')));
    for (const transport of transports)
      await vi.waitFor(() => expect(existsSync(fileOf(transport))).toBe(false), 10_000);
    gateway.signal('SIGCONT');
    await Promise.all(connectors.map((connector) => untilState(connector, 'ready')));
    expect(await Promise.all([...running, ...waiting])).toEqual(['200 held', '200 held', '200 here', '200 here']);
  });
});
