import type { SessionCode } from '@reverse-http/protocol/errors';
import { isReplica, type Member } from '../targets/member.js';
import type { Target } from '../targets/registry.js';
import type { Place } from './place.js';

/** What becomes of a connector at its first message after the welcome. */
export type Succession =
  | {
      /** It takes its place. */
      readonly state: 'takes';
      /** ... from these, which it replaces. */
      readonly from: readonly Member[];
    }
  | {
      /** The place is another's. */
      readonly state: 'yields';
      readonly code: SessionCode;
    };

/**
 * Decides who stays where two connectors claim one name. Of two starts of one replica the newer hello stays, whatever
 * came first after it; replicas share a target, but for an exclusive one, which stays with whom was heard since the
 * other was let in. Who only asked whether the place is free never takes it from anybody.
 */
export function succeed(
  { member, admittedAt, standby }: Pick<Place, 'member' | 'admittedAt' | 'standby'>,
  find: (target: string) => Target | undefined,
): Succession {
  const from = new Set<Member>();
  for (const { target, replica } of member.targets) {
    const { members, policy } = find(target) ?? { members: [], policy: undefined };
    for (const other of members) {
      if (other.key === member.key) continue;
      const isSame = isReplica(other, target, replica);
      if (!isSame && policy?.replicas !== 'exclusive') continue;
      if (standby) return { state: 'yields', code: 'standby' };
      if (isSame && other.generation > member.generation) return { state: 'yields', code: 'replaced' };
      if (!isSame && other.session.lastHeardAt >= admittedAt) return { state: 'yields', code: 'target-taken' };
      from.add(other);
    }
  }
  return { state: 'takes', from: [...from] };
}
