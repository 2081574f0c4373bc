import type { RequestListener, Server } from 'node:http';
import { Slab } from '@reverse-http/protocol/pipe';
import { createMemoryLink, type MemoryLink, Session, type SessionOptions } from '@reverse-http/protocol/session';
import { createFetchAcceptor } from '../../src/handler/fetch-acceptor.js';
import type { FetchFunction } from '../../src/handler/fetch-handler.js';
import type { StreamAcceptor } from '../../src/link/stream-acceptor.js';
import { createListenerServer } from '../../src/node/handler/listener.js';
import { createServerAcceptor } from '../../src/node/handler/server.js';
import { createNodeRuntime } from '../../src/node/runtime.js';
import { createWebRuntime } from '../../src/runtime.js';
import { type TestVisit, type VisitOptions, visit } from './visitor.js';

export interface MemoryPair {
  readonly gateway: Session;
  readonly connector: Session;
  readonly acceptor: StreamAcceptor;
  /** What handlers failed with. */
  readonly failures: unknown[];
  visit(options?: VisitOptions): TestVisit;
  /** Breaks the link and joins both ends again. */
  relink(): void;
  cut(): void;
  close(): void;
}

/** A gateway's and a connector's session in one process, the connector's served by `handler`. */
export function createMemoryPair(handler: Server | RequestListener | StreamAcceptor): MemoryPair {
  const failures: unknown[] = [];
  return pairWith(acceptorOf(handler, failures), failures);
}

/** The same, served by a fetch-style handler. */
export function createFetchPair(handler: FetchFunction): MemoryPair {
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  return pairWith(createFetchAcceptor({ handler, target: 'A', runtime: createWebRuntime(), onFailure }), failures);
}

function pairWith(acceptor: StreamAcceptor, failures: unknown[]): MemoryPair {
  const runtime = createNodeRuntime();
  const common: Omit<SessionOptions, 'opener'> = {
    id: 'node.session',
    clock: runtime.clock,
    random: () => 0.5,
    defer: (fn) => void setImmediate(fn),
    slab: new Slab(),
    keepAliveMs: 15_000,
    resumeMs: 30_000,
  };
  const gateway = new Session({ ...common, opener: true });
  const connector = new Session({ ...common, opener: false, onStream: (stream) => acceptor.accept(stream) });
  let link: MemoryLink | undefined;
  const join = (): void => {
    link = createMemoryLink({ defer: (fn) => void setImmediate(fn) });
    const { receivedOffset } = gateway;
    gateway.attach(link.a, connector.receivedOffset);
    connector.attach(link.b, receivedOffset);
  };
  join();
  return {
    gateway,
    connector,
    acceptor,
    failures,
    visit: (options) => visit(gateway.mux, options),
    relink() {
      link?.cut();
      join();
    },
    cut: () => link?.cut(),
    close() {
      gateway.close('closed');
      connector.close('closed');
    },
  };
}

function acceptorOf(handler: Server | RequestListener | StreamAcceptor, failures: unknown[]): StreamAcceptor {
  if ('accept' in handler) return handler;
  const server = typeof handler === 'function' ? createListenerServer(handler) : handler;
  return createServerAcceptor(server, (error) => failures.push(error));
}
