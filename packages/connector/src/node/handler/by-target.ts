import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { FetchApplication } from '../../handler/fetch-handler.js';
import type { Origin } from '../origin/origin-address.js';
import type { OriginOptions } from '../origin/origin-options.js';
import type { NodeHandler } from './node-handler.js';

/** A server that listens, with how requests are forwarded to it where that differs from the option `origin`. */
export interface ForwardedTo extends OriginOptions {
  readonly to: Origin;
}

/** What may answer for one of several targets. */
export type TargetHandler = NodeHandler | FetchApplication | ForwardedTo;

/** Handlers by the target that they serve: what {@link byTarget} makes. */
export class TargetHandlers {
  /** Target ids as they were given. */
  readonly handlers: ReadonlyMap<string, TargetHandler>;

  constructor(handlers: Readonly<Record<string, TargetHandler>>) {
    this.handlers = new Map(Object.entries(handlers));
  }
}

/**
 * Several targets over one session, each with a handler of its own, of any kind that `connect()` takes, or
 * `{ to, ... }`: a server that listens, with its own {@link OriginOptions}.
 *
 * @throws ReverseHttpError `bad-option` when there is none, or two are the same but for case.
 * @example
 * const camera = { to: 'https://10.0.0.7', insecure: true };
 * connect(byTarget({ 'camera-7': camera, door: createServer(listener) }), { gateway, token });
 */
export function byTarget(handlers: Readonly<Record<string, TargetHandler>>): TargetHandlers {
  const names = Object.keys(handlers);
  if (names.length === 0) throw new ReverseHttpError('bad-option', 'byTarget: give one target or more');
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw new ReverseHttpError('bad-option', `byTarget: "${name}" is there twice`);
    seen.add(name.toLowerCase());
  }
  return new TargetHandlers(handlers);
}
