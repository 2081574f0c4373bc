import { isTargetId } from '@reverse-http/protocol/session';
import type { Route } from './route.js';

/**
 * Every request is for one target; nothing of it is changed.
 *
 * @example toTarget('A')
 */
export function toTarget(target: string): Route {
  if (!isTargetId(target)) throw new TypeError(`toTarget: "${target}" is not a target id`);
  const match = { target, prefix: '', bare: false };
  return {
    description: `target ${target}`,
    sharesOrigin: false,
    fixed: target,
    match: () => match,
    urlOf: (id, origin) => (id.toLowerCase() === target.toLowerCase() ? `${origin}/` : undefined),
    servesHost: () => false,
  };
}
