import { randomBytes } from 'node:crypto';
import { readSecretFile, writeSecretFile } from '../state/secret-file.js';
import type { StateDirectory } from '../state/state-directory.js';

/** What the admin listener asks for: made at the first start, the same from then on. */
export function provideAdminToken({ adminTokenFile }: StateDirectory): string {
  const kept = readSecretFile(adminTokenFile);
  if (kept) return kept;
  const token = randomBytes(24).toString('base64url');
  writeSecretFile(adminTokenFile, `${token}\n`);
  return token;
}
