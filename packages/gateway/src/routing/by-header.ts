import { Field, identifyField, latin1Bytes } from '@reverse-http/protocol/http1';
import { KnownMatch } from './known-match.js';
import { onlyField } from './only-field.js';
import type { Route } from './route.js';

/**
 * Takes the target from a request field, which the server does not see. A request with several such fields, or with one
 * that is no target id, is left to the next route. Any visitor can set any field: this says where to, never who.
 *
 * @param name Any field name that HTTP itself, or a gateway, has no use of its own for.
 * @example byHeader('X-Target')
 */
export function byHeader(name: string): Route {
  if (typeof name !== 'string' || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
    throw new TypeError(`byHeader: "${name}" is not a field name`);
  const hides = latin1Bytes(name.toLowerCase());
  if (identifyField(hides, 0, hides.length) !== Field.Other)
    throw new TypeError(`byHeader: "${name}" means something else already; take a name such as "X-Target"`);
  const matches = new KnownMatch((target) => ({ target, prefix: '', bare: false, sharesOrigin: true, hides }));
  return {
    description: `header ${name}`,
    sharesOrigin: true,
    variesBy: name,
    match(head) {
      const index = onlyField(head, hides);
      if (index < 0) return undefined;
      return matches.of(head.bytes, head.positions[index * 4 + 2]!, head.positions[index * 4 + 3]!);
    },
    urlOf: (_, origin) => `${origin}/`,
    servesHost: () => false,
  };
}
