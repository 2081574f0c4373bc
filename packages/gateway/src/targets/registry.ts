import type { TargetPolicies, TargetPolicy } from '../policy/target-policy.js';
import { isAvailable, isWritable, type Member } from './member.js';
import { Traffic } from './traffic.js';

/** A target that is or was connected. */
export interface Target {
  /** As first registered; compared without case. */
  readonly id: string;
  readonly members: readonly Member[];
  /** What the operator says of it. */
  readonly policy: TargetPolicy;
  readonly traffic: Traffic;
  /** Milliseconds since 1970 at which its last member left; undefined while there is one. */
  readonly leftAt: number | undefined;
  /** Milliseconds since 1970 since when it has had a member without a gap, as long as it has one. */
  readonly servedSince: number;
}

interface Entry extends Target {
  id: string;
  policy: TargetPolicy;
  /** A connector for it was let in: it, and no visitor, has given the id. */
  registered: boolean;
  members: readonly Member[];
  leftAt: number | undefined;
  servedSince: number;
}

/** How long a target without a connector is remembered, ms: its visitors are held, not told that it does not exist. */
export const rememberedMs: number = 10 * 60 * 1000;
/** Targets without a connector that are remembered at most. */
const maxRemembered = 10_000;

/** What the operator says of targets. */
export interface RegistryRules {
  readonly policyOf: TargetPolicies;
  /** How configuration or a credential writes a target that it names, by its id in lower case. Default: they name none. */
  readonly nameOf?: (lowerCaseId: string) => string | undefined;
}

/** What a registry needs to know. */
export interface RegistryOptions extends RegistryRules {
  /** Milliseconds of a clock that nobody sets: a target is remembered for a time, not until one. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
}

/** Who is connected, by target. */
export interface Registry {
  /** Other rules hold from now on. Requests that run or wait keep the deadlines that they began with. */
  govern(rules: RegistryRules): void;
  /** A connector for the target was let in and is about to come: its visitors wait for it. */
  expect(id: string): void;
  /** A connector for the target may be about to come: for so long, in ms, it passes for a known one. */
  presume(id: string, forMs: number): Target;
  /** Takes a member in. */
  add(member: Member): void;
  remove(member: Member): void;
  /** The target, when it is connected, was lately, or is named by configuration or a credential. */
  find(id: string): Target | undefined;
  /**
   * Who gets a request: of those that may get one, but for those in `except`, the member with the fewest exchanges running;
   * yet one to which nothing can leave at the moment (no poll of it waits: it may be gone) only when there is no other.
   */
  pick(target: Target, except?: readonly Member[]): Member | undefined;
  /** The targets that are connected. */
  connected(): Iterable<Target>;
  /** All targets that are connected or were lately, by id in lower case; live. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Called when a target may have got a member that takes requests. */
  onAvailable: (target: Target) => void;
  /** A member's transport is there again. */
  announce(member: Member): void;
}

/** Makes a {@link Registry}. */
export function createRegistry({ now, epochMs, ...options }: RegistryOptions): Registry {
  let rules: RegistryRules = options;
  const entries = new Map<string, Entry>();
  /** Those without a member, in the order in which they lost their last. */
  const left = new Map<string, Entry>();

  function entryFor(id: string): Entry {
    const key = id.toLowerCase();
    let entry = entries.get(key);
    if (!entry) {
      const policy = rules.policyOf(id);
      const traffic = new Traffic(policy, now);
      entry = { id, members: [], policy, traffic, leftAt: undefined, servedSince: 0, registered: false };
      entries.set(key, entry);
    }
    return entry;
  }

  function leave(entry: Entry, member: Member): void {
    if (!entry.members.includes(member)) return;
    entry.members = entry.members.filter((other) => other !== member);
    if (entry.members.length === 0) markLeft(entry, now());
  }

  function markLeft(entry: Entry, at: number): void {
    entry.leftAt = at;
    // The order of the map is that of leaving.
    left.delete(entry.id.toLowerCase());
    left.set(entry.id.toLowerCase(), entry);
    const oldest = now() - rememberedMs;
    for (const [key, { leftAt = 0 }] of left) {
      if (leftAt > oldest && left.size <= maxRemembered) break;
      left.delete(key);
      entries.delete(key);
    }
  }

  /** A target that nothing was seen of lately, but that is named somewhere, counts as one that left just now. */
  function revive(id: string): Entry | undefined {
    const name = rules.nameOf?.(id.toLowerCase());
    if (name === undefined) return undefined;
    const entry = entryFor(name);
    markLeft(entry, now());
    return entry;
  }

  const registry: Registry = {
    onAvailable() {},
    govern(changed) {
      rules = changed;
      for (const entry of entries.values()) {
        entry.policy = rules.policyOf(entry.id);
        entry.traffic.limit(entry.policy);
      }
    },
    expect(id) {
      const entry = entryFor(id);
      // A visitor that came first has no say in how the name is written.
      if (!entry.registered) {
        entry.id = id;
        entry.registered = true;
      }
      if (entry.members.length === 0) markLeft(entry, now());
    },
    presume(id, forMs) {
      const entry = entryFor(id);
      if (entry.members.length === 0) markLeft(entry, now() - rememberedMs + forMs);
      return entry;
    },
    add(member) {
      for (const { target } of member.targets) {
        const entry = entryFor(target);
        if (entry.members.length === 0) entry.servedSince = epochMs();
        entry.members = [...entry.members, member];
        entry.leftAt = undefined;
        left.delete(target.toLowerCase());
      }
      registry.announce(member);
    },
    remove(member) {
      for (const { target } of member.targets) {
        const entry = entries.get(target.toLowerCase());
        if (entry) leave(entry, member);
      }
    },
    find(id) {
      const entry = entries.get(id) ?? entries.get(id.toLowerCase());
      if (!entry || (entry.leftAt !== undefined && entry.leftAt <= now() - rememberedMs)) return revive(id);
      return entry;
    },
    pick(target, except) {
      let best: Member | undefined;
      for (const member of target.members) {
        if (!isAvailable(member) || except?.includes(member)) continue;
        if (!best || isBetter(member, best)) best = member;
      }
      return best;
    },
    *connected() {
      for (const entry of entries.values()) if (entry.members.length > 0) yield entry;
    },
    targets: entries,
    announce(member) {
      for (const { target } of member.targets) {
        const entry = entries.get(target.toLowerCase());
        if (entry) registry.onAvailable(entry);
      }
    },
  };
  return registry;
}

function isBetter(one: Member, other: Member): boolean {
  const isReady = isWritable(one);
  return isReady === isWritable(other) ? one.session.mux.size < other.session.mux.size : isReady;
}
