import { createGateway, type Gateway, type GatewayOptions, type TargetStatus } from '../../src/index.js';
import { type RawVisitor, visit } from './raw-visitor.js';
import { connectScripted, type ScriptedConnector, type ScriptOptions } from './scripted-connector.js';

/** A gateway with what a test connects to it. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly url: string;
  connect(options?: ScriptOptions): Promise<ScriptedConnector>;
  visit(request?: string, answersEnd?: boolean): Promise<RawVisitor>;
  /** Sends `GET /gw/A/` with further field lines. */
  get(more?: string, path?: string): Promise<RawVisitor>;
  /** Ends everything and checks that nothing is left. */
  close(): Promise<void>;
}

/** Starts a gateway on a free port. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const socketsBefore = openSockets();
  // Without the grace, or a target that nobody knows would be waited for.
  const deadlines = { startGrace: 0, ...options.deadlines };
  const gateway = createGateway({ listeners: [{ port: 0 }], ...options, deadlines });
  await gateway.start();
  const url = gateway.url!;
  const connectors: ScriptedConnector[] = [];
  const visitors: RawVisitor[] = [];
  const startVisit: TestGateway['visit'] = async (request, answersEnd) => {
    const visitor = await visit(url, request, answersEnd);
    visitors.push(visitor);
    return visitor;
  };
  return {
    gateway,
    url,
    async connect(script) {
      const connector = await connectScripted(url, gateway.token, script);
      connectors.push(connector);
      const target = script?.target ?? script?.targets?.[0]?.target ?? 'A';
      await until(() => members(gateway, target).some(({ session }) => session === connector.welcome.session));
      return connector;
    },
    visit: startVisit,
    get: (more = '', path = '/gw/A/') => startVisit(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`),
    async close() {
      await gateway.abort();
      for (const connector of connectors) connector.close();
      for (const { socket } of visitors) socket.destroy();
      await until(() => gateway.targets.size === 0, 'members are left');
      await until(() => openSockets() <= socketsBefore, 'sockets are left');
    },
  };
}

/** Who serves a target. */
export function members(gateway: Pick<Gateway, 'targets'>, target = 'A'): TargetStatus['replicas'] {
  return gateway.targets.get(target)?.replicas ?? [];
}

/** Sockets of this process. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Waits for something that nothing tells of; rejects after two seconds. */
export async function until(holds: () => boolean, what = 'it never was so'): Promise<void> {
  const stopAt = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > stopAt) throw new Error(what);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
