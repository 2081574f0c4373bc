import {
  startTestGateway,
  type TestClock,
  type TestGateway,
  type TestGatewayOptions,
  type TestSocket,
} from '../../src/testing/index.js';
import { type RawVisitor, visitBy } from './raw-visitor.js';
import { connectScripted, type ScriptedConnector, type ScriptOptions } from './scripted-connector.js';

/** A gateway in memory with what a test connects to it; time is the test's. */
export interface MemoryGateway {
  readonly gateway: TestGateway;
  readonly clock: TestClock;
  connect(options?: ScriptOptions): Promise<ScriptedConnector>;
  /** Sends `GET /gw/A/` with further field lines. */
  get(more?: string): RawVisitor<TestSocket>;
  close(): Promise<void>;
}

/** Starts a {@link MemoryGateway}. */
export async function startMemoryGateway(options: TestGatewayOptions = {}): Promise<MemoryGateway> {
  const gateway = await startTestGateway(options);
  const { clock, token, url } = gateway;
  const world = { clock, createConnection: () => gateway.dial() };
  return {
    gateway,
    clock,
    async connect(script) {
      const connector = await connectScripted(url, token, { ...script, world });
      await clock.settle();
      return connector;
    },
    get(more = '') {
      const visitor = visitBy(gateway.dial());
      visitor.send(`GET /gw/A/ HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
      return visitor;
    },
    close: () => gateway.close(),
  };
}
