import { resolve } from 'node:path';
import { CommandError, usageError } from '../command-error.js';
import type { Io } from '../io.js';
import { isConfidential } from '../is-confidential.js';
import { readGatewayRecord } from '../state/gateway-record.js';
import { readSecretFile } from '../state/secret-file.js';
import type { StateDirectory } from '../state/state-directory.js';

/** Where the admin listener is, and what it asks for. */
export interface AdminAccess {
  readonly url: string;
  readonly token: string;
}

/** What was typed about it. */
export interface AdminFlags {
  readonly admin?: string;
  readonly adminTokenFile?: string;
  readonly allowCleartext?: boolean;
}

/**
 * The admin listener that was named, else that of the gateway on this machine.
 *
 * @throws CommandError which says what to do
 */
export function findAdmin(
  { admin, adminTokenFile, allowCleartext = false }: AdminFlags,
  state: StateDirectory,
  { cwd }: Pick<Io, 'cwd'>,
): AdminAccess {
  const record = readGatewayRecord(state);
  if (admin === undefined && !record) {
    throw new CommandError(
      `No gateway runs on this machine (${state.gatewayFile}): start one with rhttp gateway, or name one by --admin URL --admin-token-file FILE`,
    );
  }
  const url = admin ?? record?.admin;
  if (!url) throw new CommandError('The gateway on this machine has no admin listener (--admin off)');
  const isOurs = record?.admin ? new URL(record.admin).origin === new URL(url).origin : false;
  if (!isOurs && !allowCleartext && !isConfidential(url)) {
    throw usageError(
      `The admin token would travel in the clear to ${url}: use a tunnel (ssh -L) or https, or --allow-cleartext where the network is yours`,
    );
  }
  if (adminTokenFile !== undefined) return { url, token: tokenFrom(resolve(cwd, adminTokenFile)) };
  if (isOurs) return { url, token: tokenFrom(record?.adminTokenFile ?? state.adminTokenFile) };
  // The token of this machine's gateway is nobody else's business.
  throw new CommandError(
    `${url} is not the gateway on this machine: say where its token is by --admin-token-file FILE`,
  );
}

function tokenFrom(file: string): string {
  let token: string | undefined;
  try {
    token = readSecretFile(file);
  } catch (error) {
    throw new CommandError(`Admin token ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!token) throw new CommandError(`Admin token ${file} ${token === '' ? 'is empty' : 'is not there'}`);
  return token;
}
