import { isLiteral } from '../policy/target-pattern.js';

/** How old the list of names may be when a target is looked up that is not connected, ms. */
const maxAgeMs = 1000;

/**
 * Gives the targets that are known before anybody served them, because configuration or credentials name them: by the id
 * in lower case, as it is written there. Asked only for targets that nothing else is known of.
 *
 * @param patterns Patterns of targets as they are now; those that name one target each count.
 */
export function createKnownTargets(
  patterns: () => Iterable<string>,
  now: () => number,
): (lowerCaseId: string) => string | undefined {
  let names = new Map<string, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  return (id) => {
    if (now() - readAt >= maxAgeMs) {
      readAt = now();
      names = new Map([...patterns()].filter(isLiteral).map((name) => [name.toLowerCase(), name]));
    }
    return names.get(id);
  };
}
