import { hostname } from 'node:os';
import type { TargetStatus } from '@reverse-http/gateway';
import { createAdminClient } from '../admin/admin-client.js';
import { findAdmin } from '../admin/find-admin.js';
import { readGatewayRecord } from '../state/gateway-record.js';
import type { StateDirectory } from '../state/state-directory.js';
import { isSameOrigin } from './find-gateway.js';

/** One connector that serves a target. */
export interface OtherReplica {
  readonly replica: string;
  /** The machine it said it runs on. */
  readonly host: string | undefined;
}

/** A hint is worth this much waiting, ms. */
const patienceMs = 1000;

/** The label by which connectors made by the command say where they run. */
export function hostLabel(): Readonly<Record<string, string>> {
  return { host: hostname().slice(0, 256) };
}

/**
 * Who serves a target, where the gateway is one on this machine whose admin listener may be asked; undefined for any other:
 * a connector is not told of its neighbours.
 */
export async function replicasOf(
  target: string,
  gateway: string,
  state: StateDirectory,
): Promise<readonly OtherReplica[] | undefined> {
  const record = readGatewayRecord(state);
  if (!record?.admin || ![...record.urls, record.publicUrl].some((url) => isSameOrigin(url, gateway))) return undefined;
  try {
    const client = createAdminClient(findAdmin({}, state, { cwd: '/' }), AbortSignal.timeout(patienceMs));
    const status = (await client.get(`/api/v1/targets/${target}`)) as TargetStatus;
    return status.replicas.map(({ replica, labels }) => ({ replica, host: labels.host }));
  } catch {
    return undefined; // Only a hint would come of it.
  }
}
