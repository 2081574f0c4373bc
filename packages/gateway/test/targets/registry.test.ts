import { describe, expect, test } from 'vitest';
import { defaultTargetPolicy } from '../../src/policy/target-policy.js';
import type { Member } from '../../src/targets/member.js';
import { createRegistry, type Registry, rememberedMs } from '../../src/targets/registry.js';

interface Load {
  size: number;
  canOpen: boolean;
  state: string;
  writable?: boolean;
}

/** A member of which only what the registry looks at is real. */
function member(
  name: string,
  targets: string | readonly string[] = 'A',
  load: Load = { size: 0, canOpen: true, state: 'attached' },
): Member {
  const list = typeof targets === 'string' ? [targets] : targets;
  const session = {
    id: name,
    suspect: false,
    get state() {
      return { state: load.state, transport: { writable: load.writable ?? true } };
    },
    mux: {
      get size() {
        return load.size;
      },
      get canOpen() {
        return load.canOpen;
      },
    },
  } as unknown as Member['session'];
  const key = name;
  return {
    session,
    key,
    targets: list.map((target) => ({ target, replica: `r-${name[0]}` })),
    agent: '',
    labels: {},
    connectedAt: 0,
    generation: 0,
    credential: '',
    owner: 'default',
    peer: '',
    transport: 'websocket',
    requests: 0,
    resumes: 0,
    leaving: false,
  };
}

function registryAt(now: () => number, nameOf: (id: string) => string | undefined = () => undefined): Registry {
  return createRegistry({ now, epochMs: now, nameOf, policyOf: () => defaultTargetPolicy });
}

describe('registry', () => {
  test('targets are compared without case and shown as first registered', () => {
    const registry = registryAt(() => 0);
    const one = member('1', 'Camera-7');
    registry.add(one);
    expect(registry.find('camera-7')?.id).toBe('Camera-7');
    expect(registry.find('CAMERA-7')?.members).toEqual([one]);
    registry.add(member('2', 'CAMERA-7'));
    expect(registry.find('Camera-7')?.id).toBe('Camera-7');
    expect(registry.find('Camera-7')?.members).toHaveLength(2);
    expect([...registry.targets.keys()]).toEqual(['camera-7']);
    expect(registry.find('other')).toBeUndefined();
  });

  test('picks the member with the fewest exchanges among those that may get one', () => {
    const registry = registryAt(() => 0);
    const loads = [3, 1, 2].map((size) => ({ size, canOpen: true, state: 'attached' }));
    const all = loads.map((load, i) => member(`${i}`, 'A', load));
    for (const one of all) registry.add(one);
    const target = registry.find('A')!;
    expect(registry.pick(target)).toBe(all[1]);
    expect(registry.pick(target, [all[1]!])).toBe(all[2]);
    expect(registry.pick(target, all)).toBeUndefined();
    loads[1]!.state = 'detached';
    expect(registry.pick(target)).toBe(all[2]);
    loads[2]!.canOpen = false;
    expect(registry.pick(target)).toBe(all[0]);
    loads[0]!.canOpen = false;
    expect(registry.pick(target)).toBeUndefined();
  });

  test('a member to which nothing can leave at the moment gets a request only where there is no other', () => {
    const registry = registryAt(() => 0);
    const loads = [0, 3].map((size) => ({ size, canOpen: true, state: 'attached', writable: true }));
    const [idle, busy] = loads.map((load, i) => member(`${i}`, 'A', load)) as [Member, Member];
    registry.add(idle);
    registry.add(busy);
    const target = registry.find('A')!;
    loads[0]!.writable = false;
    expect(registry.pick(target)).toBe(busy);
    loads[1]!.writable = false;
    expect(registry.pick(target)).toBe(idle);
  });

  test('who leaves a target is gone from all that it served, once', () => {
    const registry = registryAt(() => 0);
    const [old, other, next] = [member('a1', ['A', 'B']), member('b1', 'a'), member('a2', ['a', 'B'])];
    for (const one of [old, other, next]) registry.add(one);
    expect(registry.find('A')?.members).toHaveLength(3);
    registry.remove(old);
    registry.remove(old);
    expect(registry.find('A')?.members).toHaveLength(2);
    expect(registry.find('B')?.members).toEqual([next]);
  });

  test('one that is to leave gets no more requests', () => {
    const registry = registryAt(() => 0);
    const one = member('1');
    registry.add(one);
    one.leaving = true;
    expect(registry.pick(registry.find('A')!)).toBeUndefined();
  });

  test('a target that is named somewhere is known for ever, as it is written there', () => {
    let now = 0;
    const registry = registryAt(
      () => now,
      (id) => (id === 'line-4' ? 'Line-4' : undefined),
    );
    for (let i = 0; i < 3; i++) {
      expect(registry.find('LINE-4')).toMatchObject({ id: 'Line-4', members: [], leftAt: now });
      now += rememberedMs;
    }
    expect(registry.find('line-5')).toBeUndefined();
  });

  test('says since when a target has been served without a gap', () => {
    let now = 1;
    const registry = registryAt(() => now++);
    const [one, two] = [member('1'), member('2')];
    registry.add(one);
    const since = registry.find('A')!.servedSince;
    registry.add(two);
    registry.remove(one);
    expect(registry.find('A')!.servedSince).toBe(since);
    registry.remove(two);
    registry.add(one);
    expect(registry.find('A')!.servedSince).toBeGreaterThan(since);
  });

  test('a target that lost its members is remembered for ten minutes', () => {
    let now = 1000;
    const registry = registryAt(() => now);
    const one = member('1');
    registry.add(one);
    now += 5000;
    registry.remove(one);
    expect(registry.find('A')).toMatchObject({ members: [], leftAt: 6000 });
    now += rememberedMs - 1;
    expect(registry.find('A')).toBeDefined();
    now += 1;
    expect(registry.find('A')).toBeUndefined();
    registry.add(one);
    expect(registry.find('A')).toMatchObject({ leftAt: undefined, members: [one] });
  });

  test('no more than 10,000 are remembered, the oldest go first', () => {
    let now = 0;
    const registry = registryAt(() => now);
    const staying = member('stays', 'stays');
    registry.add(staying);
    for (let i = 0; i < 10_050; i++) {
      const one = member(`${i}`, `t${i}`);
      registry.add(one);
      now++;
      registry.remove(one);
    }
    expect(registry.targets.size).toBe(10_001);
    expect(registry.find('t0')).toBeUndefined();
    expect(registry.find('t49')).toBeUndefined();
    expect(registry.find('t50')).toBeDefined();
    expect(registry.find('stays')?.members).toEqual([staying]);
    now += rememberedMs;
    registry.remove(staying);
    expect([...registry.targets.keys()]).toEqual(['stays']);
  });

  test('tells of each target that may have got a member', () => {
    const registry = registryAt(() => 0);
    const told: string[] = [];
    registry.onAvailable = (target) => void told.push(target.id);
    const one = member('1', ['A', 'B']);
    registry.announce(one); // Not taken in yet.
    expect(told).toEqual([]);
    registry.add(one);
    expect(told).toEqual(['A', 'B']);
    registry.announce(one);
    expect(told).toEqual(['A', 'B', 'A', 'B']);
  });
});
