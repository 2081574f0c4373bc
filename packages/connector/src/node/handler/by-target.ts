import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { FetchApplication } from '../../handler/fetch-handler.js';
import type { NodeHandler } from './node-handler.js';

/** Handlers by the target that they serve: what {@link byTarget} makes. */
export class TargetHandlers {
  /** Target ids as they were given. */
  readonly handlers: ReadonlyMap<string, NodeHandler | FetchApplication>;

  constructor(handlers: Readonly<Record<string, NodeHandler | FetchApplication>>) {
    this.handlers = new Map(Object.entries(handlers));
  }
}

/**
 * Several targets over one session, each with a handler of its own, of any kind that `connect()` takes.
 *
 * @throws ReverseHttpError `bad-option` when there is none.
 * @example
 * connect(byTarget({ 'camera-7': 'https://10.0.0.7', door: createServer(listener) }), { gateway, token });
 */
export function byTarget(handlers: Readonly<Record<string, NodeHandler | FetchApplication>>): TargetHandlers {
  if (Object.keys(handlers).length === 0) throw new ReverseHttpError('bad-option', 'byTarget: give one target or more');
  return new TargetHandlers(handlers);
}
