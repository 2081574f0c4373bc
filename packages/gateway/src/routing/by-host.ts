import { isTargetId } from '@reverse-http/protocol/session';
import { ByHostname, originWithHost } from './host-name.js';
import { isLabel } from './is-label.js';
import type { Route, RouteMatch } from './route.js';

/**
 * Takes the target from the host name: the label before the suffix of `*.gw.example.com`, or a map of full names. The
 * server sees path and `Host` as they came, and every target has an origin of its own.
 *
 * @example byHost('*.gw.example.com')
 * @example byHost({ 'camera.example.com': 'camera-7' })
 */
export function byHost(pattern: string | Readonly<Record<string, string>>): Route {
  return typeof pattern === 'string' ? bySuffix(pattern) : byName(pattern);
}

function bySuffix(pattern: string): Route {
  if (!/^\*(?:\.[A-Za-z0-9-]+)+$/.test(pattern))
    throw new TypeError(`byHost: "${pattern}" is not a pattern such as "*.gw.example.com"`);
  const suffix = pattern.slice(1).toLowerCase();
  const labelOf = (hostname: string): string | undefined => {
    if (!hostname.endsWith(suffix)) return undefined;
    const label = hostname.slice(0, -suffix.length);
    return isLabel(label) ? label : undefined;
  };
  const matches = new ByHostname((hostname) => matchOf(labelOf(hostname)));
  return {
    description: `host ${pattern}`,
    sharesOrigin: false,
    match: (head) => matches.of(head),
    urlOf: (target, origin) =>
      isLabel(target) ? originWithHost(origin, `${target.toLowerCase()}${suffix}`) : undefined,
    servesHost: (hostname) => labelOf(hostname) !== undefined,
  };
}

function byName(names: Readonly<Record<string, string>>): Route {
  const targets = new Map(Object.entries(names).map(([name, target]) => [name.toLowerCase(), target]));
  for (const target of targets.values())
    if (!isTargetId(target)) throw new TypeError(`byHost: "${target}" is not a target id`);
  const matches = new ByHostname((hostname) => matchOf(targets.get(hostname)));
  return {
    description: `host ${[...targets.keys()].join(', ')}`,
    sharesOrigin: false,
    match: (head) => matches.of(head),
    urlOf(target, origin) {
      const entry = [...targets].find(([, id]) => id.toLowerCase() === target.toLowerCase());
      return entry && originWithHost(origin, entry[0]);
    },
    servesHost: (hostname) => targets.has(hostname),
  };
}

function matchOf(target: string | undefined): RouteMatch | undefined {
  return target === undefined ? undefined : { target, prefix: '', bare: false };
}
