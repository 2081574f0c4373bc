import { killAll, type Process, start } from '../support/processes.js';
import type { Facts } from './children/facts.js';
import type { Transport } from './drill.js';

/** A process that tells what it knows. */
export interface Child extends Process {
  ask<Answer>(question: string): Promise<Answer>;
  facts(): Promise<Facts>;
}

/** What a gateway has at the moment. */
export interface GatewayStatus {
  readonly targets: number;
  readonly sessions: number;
  readonly running: number;
  readonly resumes: number;
}

/** Which connectors of a drill are there. */
export interface ServerOptions {
  readonly transport: Transport;
  readonly replica?: string;
  readonly target?: string;
  readonly count?: number;
  /** Where to dial instead of the gateway itself. */
  readonly gateway?: string;
}

/** A gateway and connectors as processes of their own, and the ledger of what handlers were given. */
export interface Place {
  readonly url: string;
  gateway: Child;
  /** Starts the gateway where it was. */
  restartGateway(): Promise<void>;
  server(options: ServerOptions): Promise<Child>;
  /** How often each id came to a handler. */
  readonly ledger: Map<string, number>;
  readonly doubled: number;
  end(): Promise<void>;
}

/** Makes a {@link Place}. */
export async function openPlace(options: object = {}): Promise<Place> {
  const ledger = new Map<string, number>();
  const startGateway = (port: string): Promise<Child> =>
    startChild('gateway', { PORT: port, OPTIONS: JSON.stringify(options) });
  const gateway = await startGateway('0');
  const url = gateway.ready.url!;
  const place: Place = {
    url,
    gateway,
    async restartGateway() {
      place.gateway = await startGateway(new URL(url).port);
    },
    async server({ transport, replica = 'one', target = 'A', count = 1, gateway = url }) {
      const names = { GATEWAY: gateway, TARGET: target, REPLICA: replica, COUNT: String(count), TRANSPORT: transport };
      return startChild('server', names, (id) => ledger.set(id, (ledger.get(id) ?? 0) + 1));
    },
    ledger,
    get doubled() {
      return [...ledger.values()].filter((times) => times > 1).length;
    },
    end: killAll,
  };
  return place;
}

/** Starts `children/<name>.js`; hears the ids of requests that come to it. */
export async function startChild(
  name: string,
  env: Record<string, string>,
  onBegan: (id: string) => void = () => {},
): Promise<Child> {
  const process = await start(`../drills/children/${name}`, env);
  const waiting = new Map<string, (value: unknown) => void>();
  process.child.on('message', (message: { began?: string; answer?: string; value?: unknown }) => {
    if (message.began !== undefined) onBegan(message.began);
    else if (message.answer !== undefined) waiting.get(message.answer)?.(message.value);
  });
  const ask = <Answer>(question: string): Promise<Answer> =>
    new Promise((resolve) => {
      waiting.set(question, resolve as (value: unknown) => void);
      process.child.send({ ask: question });
    });
  return Object.assign(process, { ask, facts: () => ask<Facts>('facts') });
}
