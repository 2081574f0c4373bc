import type { Head } from '@reverse-http/protocol/http1';

/** Whether the method is HEAD, whose answers have no body; methods are compared with case (RFC 9110, section 9.1). */
export function isHeadMethod({ bytes, methodStart, methodEnd }: Head): boolean {
  return (
    methodEnd - methodStart === 4 &&
    bytes[methodStart] === 0x48 &&
    bytes[methodStart + 1] === 0x45 &&
    bytes[methodStart + 2] === 0x41 &&
    bytes[methodStart + 3] === 0x44
  );
}
