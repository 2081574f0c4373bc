import type { ListenerAddresses } from './addresses.js';
import type { GatewayParts, Service } from './gateway-parts.js';
import { createListenerFront, type ListenerFront } from './listener-front.js';
import type { ResolvedListener } from './options/resolved-options.js';
import type { VisitServerOptions } from './visit-server.js';

/** One visitors' listener that runs. */
export interface Listener {
  /** Where it is reached, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops accepting, ends idle connections at once and gives running exchanges 30 s. */
  close(): Promise<void>;
  /** Ends everything on it now. */
  abort(): Promise<void>;
}

/** Other listeners, which listen and are not yet taken for the gateway's. */
export interface ListenerChange {
  /** They are the gateway's from now on, and all are served so; those that are gone drain. */
  commit(service: Service): void;
  /** All is as it was. */
  cancel(): Promise<void>;
}

interface Entry {
  readonly listener: Listener;
  readonly front: ListenerFront;
  options: ResolvedListener;
  /** Whether it came by itself and is none of the options'. */
  readonly added: boolean;
}

/** Running exchanges get this long when a listener is closed, ms. */
const graceMs = 30_000;

/** The visitors' listeners of a gateway: those of its options in their order, then those that were added. */
export class GatewayListeners {
  readonly #parts: GatewayParts;
  readonly #addresses: ListenerAddresses;
  readonly #state: Pick<VisitServerOptions, 'isDraining' | 'graceMs'>;
  /** All that have a socket, those included that drain or are not the gateway's yet. */
  readonly #open = new Set<Entry>();
  #service: Service;
  #entries: readonly Entry[] = [];
  #keepsAlive = true;

  constructor(
    parts: GatewayParts,
    addresses: ListenerAddresses,
    service: Service,
    state: Pick<VisitServerOptions, 'isDraining' | 'graceMs'>,
  ) {
    this.#parts = parts;
    this.#addresses = addresses;
    this.#service = service;
    this.#state = state;
  }

  /** Those of the options. */
  get configured(): readonly Listener[] {
    return this.#entries.flatMap(({ added, listener }) => (added ? [] : [listener]));
  }

  /** One more. Rejects with Node's own error when it cannot listen. */
  async add(options: ResolvedListener): Promise<Listener> {
    const entry = await this.#listen(options, true);
    this.#publish([...this.#entries, entry]);
    return entry.listener;
  }

  /**
   * Those that have the address of a wanted one stay as they are, the others of the wanted ones begin to listen. Rejects
   * with Node's own error when one of them cannot; all is as it was then.
   */
  async prepare(wanted: readonly ResolvedListener[]): Promise<ListenerChange> {
    const before = this.#entries.filter(({ added }) => !added);
    const kept = wanted.map((options) => {
      const index = before.findIndex((entry) => isSameAddress(entry.options, options));
      return index < 0 ? undefined : before.splice(index, 1)[0];
    });
    const opened = await this.#listenAll(wanted.filter((_, i) => !kept[i]));
    return {
      commit: (service) => {
        const fresh = [...opened];
        const entries = kept.map((entry) => entry ?? fresh.shift()!);
        for (const [i, entry] of entries.entries()) entry.options = wanted[i]!;
        this.#commit(
          // Somebody may have closed one meanwhile.
          entries.filter((entry) => opened.includes(entry) || this.#entries.includes(entry)),
          service,
        );
      },
      cancel: () => abortAll(opened),
    };
  }

  /** Ends idle connections, and each other with its present answer. */
  retire(): void {
    for (const { front } of this.#open) front.retire();
  }

  /** Ends all, and gives what runs so long. */
  async drain(ms: number): Promise<void> {
    await Promise.all([...this.#open].map(({ front }) => front.drain(ms)));
  }

  /** Lets the process end although they listen, those to come too. */
  unref(): void {
    this.#keepsAlive = false;
    for (const { front } of this.#open) front.unref();
  }

  #commit(configured: readonly Entry[], service: Service): void {
    const { listenerLimits } = service.options;
    const added = this.#entries.filter((entry) => entry.added);
    const gone = this.#entries.filter((entry) => !entry.added && !configured.includes(entry));
    this.#service = service;
    for (const entry of this.#open) {
      entry.options = { ...entry.options, ...listenerLimits };
      entry.front.serveBy(entry.options, service);
    }
    this.#publish([...configured, ...added]);
    for (const { listener } of gone) void listener.close();
  }

  /** All listen, or none. */
  async #listenAll(wanted: readonly ResolvedListener[]): Promise<readonly Entry[]> {
    // At once, so that addresses that need no look-up begin to listen in the same turn: nothing comes between them.
    const outcomes = await Promise.allSettled(wanted.map((options) => this.#listen(options, false)));
    const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (!failure) return opened;
    await abortAll(opened);
    throw failure.reason;
  }

  async #listen(options: ResolvedListener, added: boolean): Promise<Entry> {
    const front = createListenerFront(options, this.#service, this.#parts, this.#state);
    const { host, port } = await front.listen();
    const listener: Listener = {
      url: `http://${isAny(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`,
      close: () => this.#leave(entry, graceMs),
      abort: () => this.#leave(entry, 0),
    };
    const entry: Entry = { listener, front, options, added };
    this.#open.add(entry);
    front.serveBy(options, this.#service);
    if (!this.#keepsAlive) front.unref();
    return entry;
  }

  async #leave(entry: Entry, grace: number): Promise<void> {
    this.#publish(this.#entries.filter((other) => other !== entry));
    await entry.front.drain(grace);
    this.#open.delete(entry);
  }

  #publish(entries: readonly Entry[]): void {
    const { publicUrl } = this.#service.options;
    this.#entries = entries;
    this.#addresses.replace(
      entries.map(({ listener: { url }, options: { routes, sharedOrigin } }) => ({
        origin: publicUrl ?? url,
        routes,
        sharedOrigin,
      })),
    );
  }
}

async function abortAll(entries: readonly Entry[]): Promise<void> {
  await Promise.all(entries.map(({ listener }) => listener.abort()));
}

function isSameAddress(a: ResolvedListener, b: ResolvedListener): boolean {
  return a.host === b.host && a.port === b.port;
}

function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
