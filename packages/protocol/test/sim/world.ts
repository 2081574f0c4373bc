import { AcceptedExchange } from '@reverse-http/protocol/exchange';
import { Head, pathOf } from '@reverse-http/protocol/http1';
import { type MuxStream, WindowPool } from '@reverse-http/protocol/mux';
import { MessageKind, maxPinningChunks, maxUnackedControlBytes, Slab } from '@reverse-http/protocol/pipe';
import { createPollPath, type PollPath } from '@reverse-http/protocol/poll';
import {
  createManualClock,
  decodeHello,
  decodeWelcome,
  encodeControl,
  type Hello,
  type ManualClock,
  Session,
  type Welcome,
} from '@reverse-http/protocol/session';
import { Conversation } from './conversation.js';
import { chooseHttpFaults, healedHttpFaults } from './hostile-http.js';
import { chooseFaults, HostileLink, noFaults, type SimLink } from './hostile-link.js';
import { PollLink } from './poll-link.js';
import type { Random } from './random.js';
import { assertThat } from './simulation-failure.js';
import type { Statistics } from './statistics.js';

const kib = 1024;
const blockBytes = 256 * kib;
const key = '0'.repeat(32);

/** One session, both ends of it, and what was said in it. */
interface Generation {
  readonly id: string;
  readonly gateway: Session;
  readonly connector: Session;
  readonly conversations: Conversation[];
  /** Attach counter of the connector's last hello, of the highest that the gateway saw, and of the transport in use at each end. */
  dialled: number;
  seen: number;
  gatewayAttach: number;
  connectorAttach: number;
  /** An end has no transport: a timeout is the resume window's. */
  mayTimeOut: boolean;
}

/** Budgets of a run, small, so that they run out. */
interface Budgets {
  readonly maxStreams: number;
  readonly windowBytes: number;
  readonly maxUnackedBytes: number;
  readonly reorderBytes: number;
}

/**
 * A gateway and a connector on a manual clock, and hostile links between them: the rules of attaching are played by the
 * simplest possible gateway and connector, everything else is the real thing.
 */
export class World {
  readonly clock: ManualClock = createManualClock(1_000_000);
  readonly links: SimLink[] = [];
  /** What the connector has learnt of the hops: they may like short holds. */
  readonly path: PollPath = createPollPath();
  readonly budgets: Budgets;
  healed = false;
  generation: Generation;
  readonly #random: Random;
  readonly #statistics: Statistics;
  readonly #slab = new Slab();
  readonly #windows: { readonly gateway: WindowPool; readonly connector: WindowPool };
  readonly #reorder: WindowPool;
  readonly #scratch = { gateway: new Head(), connector: new Head() };
  /** How many of the links are by polling. */
  readonly #pollShare: number;
  #tags = 0;
  #generations = 0;
  #redialling = false;

  constructor(random: Random, statistics: Statistics) {
    this.#random = random;
    this.#statistics = statistics;
    this.#pollShare = random.pick([0, 0.5, 1])!;
    this.budgets = {
      maxStreams: random.pick([4, 16, 64])!,
      windowBytes: random.pick([0, 100 * kib, 500 * kib, 4096 * kib])!,
      maxUnackedBytes: random.pick([256 * kib, 400 * kib, 16 * 1024 * kib])!,
      reorderBytes: random.pick([20 * kib, 300 * kib, 32 * 1024 * kib])!,
    };
    this.#windows = {
      gateway: new WindowPool(this.budgets.windowBytes),
      connector: new WindowPool(this.budgets.windowBytes),
    };
    this.#reorder = new WindowPool(this.budgets.reorderBytes);
    this.generation = this.#createGeneration();
    this.dial();
  }

  /** Opens an exchange, if there is room. */
  open(): Conversation | undefined {
    const { generation } = this;
    const conversation = new Conversation(++this.#tags, this.#random, this.#statistics);
    // The look-up of an accepted stream needs it before its first byte leaves.
    generation.conversations.push(conversation);
    if (!conversation.open(generation.gateway.mux, this.#scratch.gateway)) {
      generation.conversations.pop();
      return undefined;
    }
    this.#statistics.exchanges++;
    return conversation;
  }

  /** The connector dials once more, whatever transports there are. */
  dial(): void {
    const { generation } = this;
    if (generation.connector.state.state === 'closed') return;
    const link = this.#createLink(generation);
    this.links.push(link);
    if (this.links.length > 6) this.links.shift()!.cut();
    const attach = ++generation.dialled;
    this.#answerHellos(generation, link);
    const { b } = link;
    b.handler = {
      onMessage: (bytes) => this.#onWelcome(generation, link, attach, bytes),
      onWritable() {},
      onClosed: () => this.#redialLater(),
    };
    b.send(encodeControl(MessageKind.Hello, hello(generation, attach)));
    const giveUp = () => {
      if (generation.connectorAttach < attach) b.close();
      this.#redialLater();
    };
    this.clock.setTimer(giveUp, 5000);
  }

  /** A newer start of the connector takes the place: the gateway ends the session. */
  fence(): void {
    this.#statistics.fences++;
    this.generation.gateway.close('replaced');
  }

  /** No fault from now on: what is broken or lost must be found out, unless the links of before go as well. */
  heal(): void {
    this.healed = true;
    for (const link of this.links) link.heal();
    if (this.#random.chance(0.5)) return;
    for (const link of this.links) link.cut();
    this.dial();
  }

  /** Memory and counts stay under their bounds, whatever happens. */
  checkBounds(): void {
    const { gateway, connector, conversations } = this.generation;
    const { maxStreams, maxUnackedBytes, windowBytes, reorderBytes } = this.budgets;
    for (const session of [gateway, connector]) {
      const { unackedBytes, heldBytes, pinnedBytes } = session.load;
      assertThat(unackedBytes <= maxUnackedBytes + maxUnackedControlBytes, `${unackedBytes} bytes are unacked`);
      assertThat(
        heldBytes <= Math.min(maxUnackedBytes + maxUnackedControlBytes, reorderBytes),
        `${heldBytes} bytes are held`,
      );
      const pinnable = (maxPinningChunks + 2 + (2 * unackedBytes) / (64 * kib)) * blockBytes;
      assertThat(pinnedBytes <= pinnable, `${pinnedBytes} bytes of blocks are pinned`);
      assertThat(session.mux.size <= maxStreams, `${session.mux.size} streams are open`);
      if (unackedBytes > 0.6 * maxUnackedBytes) this.#statistics.blocked++;
      if (heldBytes > 0) this.#statistics.held++;
    }
    let unread = 0;
    for (const conversation of conversations) unread += conversation.unread;
    const most = 2 * (conversations.length * 64 * kib + windowBytes);
    assertThat(unread <= most, `${unread} bytes wait to be read`);
    if (this.#windows.gateway.free + this.#windows.connector.free < 2 * windowBytes) this.#statistics.grown++;
  }

  /** After everything came to rest: nothing is left over. */
  verify(): void {
    const { gateway, connector } = this.generation;
    assertThat(
      gateway.mux.size === 0 && connector.mux.size === 0,
      `streams are left: ${gateway.mux.size}, ${connector.mux.size}`,
    );
    assertThat(gateway.mux.resetsOwed + connector.mux.resetsOwed === 0, 'resets are left');
    const { windowBytes, reorderBytes } = this.budgets;
    assertThat(this.#windows.gateway.free === windowBytes, 'the gateway lost window bytes');
    assertThat(this.#windows.connector.free === windowBytes, 'the connector lost window bytes');
    assertThat(this.#reorder.free === reorderBytes, 'bytes held out of order were lost');
    for (const conversation of this.generation.conversations) conversation.verify();
    this.#statistics.resumes += gateway.resumes;
  }

  /** A message link, as a WebSocket, or polling; so a session moves from each to each. */
  #createLink({ gateway }: Generation): SimLink {
    const { clock, path, healed } = this;
    const random = this.#random;
    const statistics = this.#statistics;
    if (!random.chance(this.#pollShare))
      return new HostileLink(clock, random, statistics, healed ? noFaults : chooseFaults(random));
    statistics.polling++;
    const faults = healed ? healedHttpFaults : chooseHttpFaults(random);
    return new PollLink({ clock, random, statistics, faults, path, session: gateway });
  }

  #createGeneration(): Generation {
    const { clock } = this;
    const id = `n.${++this.#generations}`;
    const { maxUnackedBytes, maxStreams } = this.budgets;
    const common = {
      id,
      clock,
      defer: clock.defer,
      random: this.#random.next,
      slab: this.#slab,
      keepAliveMs: 15_000,
      resumeMs: 30_000,
      maxStreams,
      maxUnackedBytes,
      peerMaxUnackedBytes: maxUnackedBytes,
      reorderBudget: this.#reorder,
    };
    const generation: Generation = {
      id,
      gateway: new Session({
        ...common,
        opener: true,
        windows: this.#windows.gateway,
        onStateChanged: () => this.#onState(),
      }),
      connector: new Session({
        ...common,
        opener: false,
        windows: this.#windows.connector,
        // Fewer than the gateway opens, now and then: some are refused.
        maxStreams: this.#random.chance(0.3) ? Math.ceil(maxStreams / 2) : maxStreams,
        onStream: (stream) => this.#accept(stream),
        onStateChanged: () => this.#onState(),
      }),
      conversations: [],
      dialled: 0,
      seen: 0,
      gatewayAttach: 0,
      connectorAttach: 0,
      mayTimeOut: true,
    };
    return generation;
  }

  #accept(stream: MuxStream): AcceptedExchange {
    const { conversations } = this.generation;
    const silent = { onBody() {}, onEnd() {}, onAborted() {} };
    return new AcceptedExchange(stream, this.#scratch.connector, (exchange) => ({
      ...silent,
      onRequest: (head, ended) => {
        const tag = Number(pathOf(head).slice(1));
        const conversation = conversations.find((c) => c.tag === tag);
        assertThat(conversation !== undefined, `a request ${tag} that nobody made`);
        exchange.handler = conversation.accept(exchange);
        exchange.handler.onRequest(head, ended);
      },
    }));
  }

  #answerHellos(generation: Generation, link: SimLink): void {
    const { a } = link;
    let answered = 0;
    let resumeOffset = 0;
    const refuse = (code: 'gone' | 'stale') => a.send(encodeControl(MessageKind.Refuse, { code, message: '' }));
    a.handler = {
      onMessage: (bytes) => {
        const { gateway } = generation;
        const isHello = bytes[0] === MessageKind.Hello;
        if (isHello) {
          const { attach, resume } = decodeHello(bytes)!;
          if (gateway.state.state === 'closed') return refuse('gone');
          if (attach < generation.seen) return refuse('stale');
          generation.seen = attach;
          answered = attach;
          resumeOffset = resume!.offset;
          a.send(encodeControl(MessageKind.Welcome, welcome(generation)));
        } else if (answered > 0 && answered === generation.seen && gateway.state.state !== 'closed') {
          // The first message after the welcome: the transport is proven, and takes over.
          if (gateway.state.state === 'attached') this.#statistics.takeovers++;
          generation.gatewayAttach = answered;
          gateway.attach(a, resumeOffset);
          a.handler.onMessage(bytes);
        } else a.close();
      },
      onWritable() {},
      onClosed() {},
    };
  }

  #onWelcome(generation: Generation, link: SimLink, attach: number, bytes: Uint8Array): void {
    const { connector } = generation;
    const { b } = link;
    if (bytes[0] === MessageKind.Welcome && attach > generation.connectorAttach && connector.state.state !== 'closed') {
      generation.connectorAttach = attach;
      connector.attach(b, decodeWelcome(bytes)!.offset);
    } else if (bytes[0] === MessageKind.Refuse) {
      b.close();
      // Stale is refused without effect; after gone there is nothing to go on with.
      if (generation.gateway.state.state === 'closed') connector.close('gone');
    } else b.close();
  }

  #redialLater(): void {
    if (this.#redialling) return;
    this.#redialling = true;
    this.clock.setTimer(() => {
      this.#redialling = false;
      if (this.generation.connector.state.state === 'detached') this.dial();
    }, this.#random.next() * 300);
  }

  #onState(): void {
    const { generation } = this;
    // The very first changes happen before there is a generation.
    if (!generation) return;
    const states = [generation.gateway.state, generation.connector.state];
    if (states[1]!.state === 'detached') this.#redialLater();
    if (!states.some(({ state }) => state === 'closed')) {
      generation.mayTimeOut = states.some(({ state }) => state === 'detached');
      return;
    }
    for (const conversation of generation.conversations) conversation.sessionLost = true;
    if (!states.every(({ state }) => state === 'closed')) return this.#redialLater();
    for (const state of states) {
      const code = state.state === 'closed' ? state.reason.code : '';
      assertThat(['replaced', 'timeout', 'gone', 'closed'].includes(code), `the session ended with ${code}`);
      assertThat(code !== 'timeout' || generation.mayTimeOut, 'bytes stalled on one transport after the other');
      if (code === 'timeout') this.#statistics.timeouts++;
    }
    this.clock.defer(() => this.#replaceGeneration(generation));
  }

  #replaceGeneration(over: Generation): void {
    if (this.generation !== over) return;
    this.verify();
    this.generation = this.#createGeneration();
    this.dial();
  }
}

function hello(generation: Generation, attach: number): Hello {
  const resume = { session: generation.id, offset: generation.connector.receivedOffset };
  return { versions: [1], agent: 'sim', key, attach, targets: [], features: [], resume };
}

function welcome(generation: Generation): Welcome {
  const { id, gateway } = generation;
  const times = { keepAliveMs: 15_000, resumeMs: 30_000, maxStreams: 1 };
  return { version: 1, session: id, offset: gateway.receivedOffset, ...times, features: [], urls: {}, notices: [] };
}
