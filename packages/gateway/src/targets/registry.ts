import { isAvailable, type Member } from './member.js';

/** A target that is or was connected. */
export interface Target {
  /** As first registered; compared without case. */
  readonly id: string;
  readonly members: readonly Member[];
  /** Milliseconds since 1970 at which its last member left; undefined while there is one. */
  readonly leftAt: number | undefined;
}

interface Entry extends Target {
  id: string;
  /** A connector for it was let in: it, and no visitor, has given the id. */
  registered: boolean;
  members: readonly Member[];
  leftAt: number | undefined;
}

/** How long a target without a connector is remembered, ms: its visitors are held, not told that it does not exist. */
export const rememberedMs: number = 10 * 60 * 1000;
/** Targets without a connector that are remembered at most. */
const maxRemembered = 10_000;

/** Who is connected, by target. */
export interface Registry {
  /** A connector for the target was let in and is about to come: its visitors wait for it. */
  expect(id: string): void;
  /** A connector for the target may be about to come: for so long, in ms, it passes for a known one. */
  presume(id: string, forMs: number): Target;
  /** Takes a member in; a member with the same replica of a target and another key is returned: it was replaced. */
  add(member: Member): readonly Member[];
  remove(member: Member): void;
  /** The target, when it is connected or was lately. */
  find(id: string): Target | undefined;
  /** The member with the fewest exchanges running among those that may get a request, but for those in `except`. */
  pick(target: Target, except?: readonly Member[]): Member | undefined;
  /** All targets that are connected or were lately, by id in lower case; live. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Called when a target may have got a member that takes requests. */
  onAvailable: (target: Target) => void;
  /** A member's transport is there again. */
  announce(member: Member): void;
}

/** @param now Milliseconds since 1970. */
export function createRegistry(now: () => number): Registry {
  const entries = new Map<string, Entry>();
  /** Those without a member, in the order in which they lost their last. */
  const left = new Map<string, Entry>();

  function entryFor(id: string): Entry {
    const key = id.toLowerCase();
    let entry = entries.get(key);
    if (!entry) {
      entry = { id, members: [], leftAt: undefined, registered: false };
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

  const registry: Registry = {
    onAvailable() {},
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
      const replaced = new Set<Member>();
      for (const { target, replica } of member.targets) {
        const entry = entryFor(target);
        for (const other of entry.members) {
          const same = other.targets.some(
            (its) => its.replica === replica && its.target.toLowerCase() === target.toLowerCase(),
          );
          if (same && other.key !== member.key) replaced.add(other);
        }
        entry.members = [...entry.members, member];
        entry.leftAt = undefined;
        left.delete(target.toLowerCase());
      }
      registry.announce(member);
      return [...replaced];
    },
    remove(member) {
      for (const { target } of member.targets) {
        const entry = entries.get(target.toLowerCase());
        if (entry) leave(entry, member);
      }
    },
    find(id) {
      const entry = entries.get(id) ?? entries.get(id.toLowerCase());
      if (entry?.leftAt !== undefined && entry.leftAt <= now() - rememberedMs) return undefined;
      return entry;
    },
    pick(target, except) {
      let best: Member | undefined;
      for (const member of target.members) {
        if (!isAvailable(member) || except?.includes(member)) continue;
        if (!best || member.session.mux.size < best.session.mux.size) best = member;
      }
      return best;
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
