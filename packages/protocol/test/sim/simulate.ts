import { Random } from './random.js';
import { assertThat } from './simulation-failure.js';
import { Statistics } from './statistics.js';
import { World } from './world.js';

/** What came of a run. */
export interface SimulationResult {
  readonly seed: number;
  readonly statistics: Statistics;
  /** What went wrong; undefined when nothing did. */
  readonly failure: string | undefined;
}

/** Longest time that a healed world may need to come to rest, ms: what finds a dead or stalled link, and a resume window. */
const longestRestMs = 40_000;

/** No poll is held for longer on a path where requests wait for each other, ms. */
const serialHoldMs = 250;

/** Messages that a world at rest may send in a minute: keep-alives, and their answers. */
const mostMessagesAtRest = 40;

/** Exchanges at rest, one after the other, and how long one may take, ms. */
const probes = 20;
const longestExchangeMs = 2000;

/**
 * Plays `steps` random steps on a gateway's and a connector's session, then heals the link, lets everything finish, and
 * compares it with what was to be said. The same seed always does the same.
 */
export function simulate(seed: number, steps: number): SimulationResult {
  const random = new Random(seed);
  const statistics = new Statistics();
  try {
    const world = new World(random, statistics);
    for (let step = 0; step < steps; step++) {
      statistics.steps++;
      takeStep(world, random);
      world.clock.settle();
      world.checkBounds();
    }
    comeToRest(world, statistics);
    probe(world, random);
    world.verify();
    return { seed, statistics, failure: undefined };
  } catch (error) {
    return { seed, statistics, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function takeStep(world: World, random: Random): void {
  const { conversations } = world.generation;
  const conversation = random.chance(0.7) ? conversations.at(-1 - random.below(5)) : random.pick(conversations);
  const link = random.pick(world.links);
  const dice = random.below(1000);
  if (dice < 120) world.open();
  else if (dice < 300) conversation?.writeRequest(random.chance(0.3));
  else if (dice < 560) conversation?.writeAnswer(random.chance(0.3));
  else if (dice < 700) conversation?.read(random.chance(0.5));
  else if (dice < 712) conversation?.abort();
  else if (dice < 940) world.clock.advance(random.next() * 20);
  else if (dice < 950) world.clock.advance(random.next() * 2000);
  else if (dice < 951) world.clock.advance(random.next() * 40_000);
  else if (dice < 965) link?.cut();
  else if (dice < 975) world.dial();
  else if (dice < 998) link?.setWritable(random.chance(0.5) ? 'a' : 'b', random.chance(0.6));
  else if (dice < 999) world.generation.connector.mux.goAway();
  else if (random.chance(0.3)) world.fence();
}

/** Heals the link and says all that is left to say; fails when it does not end: somebody waits for ever. */
function comeToRest(world: World, statistics: Statistics): void {
  world.heal();
  const begin = world.clock.now();
  const end = begin + longestRestMs;
  while (!isAtRest(world)) {
    assertThat(world.clock.now() < end, `no rest after ${longestRestMs} ms\n${describe(world)}`);
    sayAll(world);
    world.clock.advance(20);
    world.checkBounds();
  }
  world.clock.advance(1000);
  const { messages } = statistics;
  world.clock.advance(60_000);
  const sent = statistics.messages - messages;
  // Two polls that wait, as long as hops let them; where requests seemed to wait for each other none does so for long.
  const { hold, serial } = world.path;
  const now = world.clock.now();
  const polls = (2 * 60_000) / (serial.at(now) ? serialHoldMs : hold.at(now));
  assertThat(sent <= mostMessagesAtRest + polls, `${sent} messages at rest`);
}

/** By polling, an exchange takes a few round trips and no more on a way that is whole: whatever hops double, and however late. */
function probe(world: World, random: Random): void {
  const { state } = world.generation.gateway;
  if (state.state !== 'attached' || state.transport.name !== 'poll') return;
  for (let i = 0; i < probes; i++) {
    const conversation = world.open();
    if (!conversation) return;
    const end = world.clock.now() + longestExchangeMs;
    while (!conversation.openerOver || !conversation.acceptorOver) {
      assertThat(world.clock.now() < end, `an exchange takes ${longestExchangeMs} ms\n${describe(world)}`);
      sayAll(world);
      world.clock.advance(20);
    }
    world.clock.advance(random.next() * 500);
  }
}

function sayAll(world: World): void {
  for (const conversation of world.generation.conversations) {
    conversation.writeRequest(true);
    conversation.writeAnswer(true);
    conversation.read(true);
  }
}

function isAtRest(world: World): boolean {
  const { gateway, connector, conversations } = world.generation;
  if (gateway.state.state !== 'attached' || connector.state.state !== 'attached') return false;
  if (gateway.mux.size + connector.mux.size > 0 || gateway.load.unackedBytes + connector.load.unackedBytes > 0)
    return false;
  return conversations.every((c) => c.openerOver && c.acceptorOver);
}

function describe(world: World): string {
  const { gateway, connector } = world.generation;
  const lines = [gateway, connector].map((session) => {
    const { unackedBytes, heldBytes } = session.load;
    return `${session.state.state}, ${session.mux.size} streams, ${unackedBytes} bytes unacked, ${heldBytes} held`;
  });
  return [...lines, ...world.generation.conversations.filter((c) => !c.openerOver || !c.acceptorOver).map(String)].join(
    '\n',
  );
}
