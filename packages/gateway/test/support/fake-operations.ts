import { vi } from 'vitest';
import type { AdminOperations } from '../../src/admin/operations.js';
import type { GatewayEvent, SessionStatus, TargetStatus } from '../../src/targets/status.js';

/** A gateway of which only the operator's side is there. */
export interface FakeOperations extends AdminOperations {
  readonly targets: Map<string, TargetStatus>;
  readonly sessions: Map<string, SessionStatus>;
  ready: boolean;
  /** Who listens to events. */
  readonly listeners: Set<(event: GatewayEvent) => void>;
  emit(event: Partial<GatewayEvent>): void;
}

export function fakeOperations(more: Partial<Omit<AdminOperations, 'targets' | 'sessions'>> = {}): FakeOperations {
  const listeners = new Set<(event: GatewayEvent) => void>();
  const operations: FakeOperations = {
    targets: new Map(),
    sessions: new Map(),
    ready: true,
    listeners,
    kick: vi.fn((who) =>
      typeof who === 'string' ? Number(operations.targets.has(who)) : Number(operations.sessions.has(who.session)),
    ),
    drain: vi.fn(async () => {}),
    isReady: () => operations.ready,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    emit(event) {
      for (const listener of listeners) listener({ time: '2026-01-01T00:00:00.000Z', event: 'connected', ...event });
    },
    ...more,
  };
  return operations;
}

/** A session's status. */
export function sessionStatus(session: string): SessionStatus {
  return {
    session,
    targets: [{ target: 'A', replica: 'quiet-otter' }],
    state: 'attached',
    transport: 'websocket',
    since: '2026-01-01T00:00:00.000Z',
    agent: 'test',
    labels: {},
    peer: '127.0.0.1',
    credential: 'abc',
    owner: 'default',
    requests: 3,
    running: 1,
    resumes: 0,
  };
}

/** A target's status. */
export function targetStatus(target: string): TargetStatus {
  const { targets: _, ...session } = sessionStatus(`node.${target}`);
  return {
    target,
    urls: [`http://localhost:8080/gw/${target}/`],
    owner: 'default',
    since: '2026-01-01T00:00:00.000Z',
    requests: 3,
    running: 1,
    bytesIn: 10,
    bytesOut: 20,
    replicas: [{ ...session, replica: 'quiet-otter' }],
  };
}
