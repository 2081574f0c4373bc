import { createTargetPolicies, type TargetRule } from './target-policies.js';
import type { DeadlinePolicy, TargetPolicy } from './target-policy.js';

/** Deadlines that a listener has of its own; what is undefined is as elsewhere. */
export type OwnDeadlines = { readonly [K in keyof DeadlinePolicy]: number | undefined };

/** A target, as far as deadlines go. */
interface GovernedTarget {
  readonly id: string;
  readonly policy: TargetPolicy;
}

/**
 * The deadlines of a listener's exchanges: its own stand in for the defaults, a rule for the target wins over either.
 * Undefined where the listener has none, so that nobody looks for them at each request.
 */
export function createListenerDeadlines(
  own: OwnDeadlines,
  defaults: TargetPolicy,
  rules: readonly TargetRule[],
): ((target: GovernedTarget) => DeadlinePolicy) | undefined {
  const { holdMs, firstByteMs, idleMs, totalMs } = own;
  const given = Object.entries({ holdMs, firstByteMs, idleMs, totalMs }).filter(([, ms]) => ms !== undefined);
  if (given.length === 0) return undefined;
  const policyOf = createTargetPolicies({ ...defaults, ...Object.fromEntries(given) }, rules);
  // Targets that no rule fits have one policy in common, the others each its own.
  const known = new WeakMap<TargetPolicy, DeadlinePolicy>();
  return ({ id, policy }) => {
    const found = known.get(policy) ?? policyOf(id);
    known.set(policy, found);
    return found;
  };
}
