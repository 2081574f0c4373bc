import { matchesPattern } from './target-pattern.js';
import type { TargetPolicies, TargetPolicy } from './target-policy.js';

/** What the operator says about the targets that a pattern fits; what it leaves out is as elsewhere. */
export interface TargetRule {
  /** A target id, or a pattern in which `*` stands for any text; compared without case. */
  readonly match: string;
  readonly policy: { readonly [K in keyof TargetPolicy]: TargetPolicy[K] | undefined };
}

/**
 * Gives targets their policies. Every rule that fits has its say; where two speak of the same thing, the first one
 * holds.
 */
export function createTargetPolicies(defaults: TargetPolicy, rules: readonly TargetRule[]): TargetPolicies {
  return (target) => {
    const fitting = rules.filter(({ match }) => matchesPattern(match, target));
    if (fitting.length === 0) return defaults;
    const policy: Record<string, unknown> = { ...defaults };
    for (const rule of fitting.reverse()) {
      for (const [name, value] of Object.entries(rule.policy)) if (value !== undefined) policy[name] = value;
    }
    return policy as unknown as TargetPolicy;
  };
}
