import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells this machine from one that was started from a copy of its disk, as far as that can be told. */
export function machineId(): string {
  return createHash('sha256').update(`${systemId()}\n${hostname()}`).digest('hex').slice(0, 16);
}

/** machine-id(5) is made anew for each installation; where it is missing the host name has to do. */
function systemId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim();
  } catch {
    return '';
  }
}
