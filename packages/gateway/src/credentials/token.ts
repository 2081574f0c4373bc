import { createHash, randomBytes } from 'node:crypto';

const shape = /^rhttp_([0-9a-f]+)_.+$/;
const checksumLength = 6;

/** A new token: `rhttp_<id>_<secret><crc>`, the last six characters being a checksum that tells a mistyped one. */
export function createToken(): string {
  const body = `rhttp_${randomBytes(6).toString('hex')}_${randomBytes(24).toString('base64url').replace(/[-_]/g, 'x')}`;
  return body + checksum(body);
}

/** The public part of a token, for logs and lists; a token of another make is named by its hash. */
export function tokenId(token: string): string {
  return shape.exec(token)?.[1] ?? digest(token).toString('hex').slice(0, 12);
}

/** Whether it looks like one of ours and cannot be: the checksum is not that of the text before it. */
export function isMistyped(token: string): boolean {
  return shape.test(token) && checksum(token.slice(0, -checksumLength)) !== token.slice(-checksumLength);
}

/** SHA-256: what is kept of a token, and what comparisons are made on. */
export function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function checksum(text: string): string {
  return digest(text).toString('hex').slice(0, checksumLength);
}
