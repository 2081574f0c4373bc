import { type Head, latin1Bytes } from '@reverse-http/protocol/http1';

const head = latin1Bytes('HEAD');
const connect = latin1Bytes('CONNECT');
const trace = latin1Bytes('TRACE');
const idempotent = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'].map(latin1Bytes);

/** Whether answers to the request have no body; methods are compared with case (RFC 9110, section 9.1). */
export function isHead(request: Head): boolean {
  return isMethod(request, head);
}

/** Whether the request asks for a tunnel. */
export function isConnect(request: Head): boolean {
  return isMethod(request, connect);
}

/** Whether the request asks for itself. */
export function isTrace(request: Head): boolean {
  return isMethod(request, trace);
}

/** Whether the request means the same when it comes twice (RFC 9110, section 9.2.2). */
export function isIdempotent(request: Head): boolean {
  for (const method of idempotent) if (isMethod(request, method)) return true;
  return false;
}

function isMethod({ bytes, methodStart, methodEnd }: Head, method: Uint8Array): boolean {
  if (methodEnd - methodStart !== method.length) return false;
  for (let i = 0; i < method.length; i++) if (bytes[methodStart + i] !== method[i]) return false;
  return true;
}
