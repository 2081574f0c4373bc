import { defaultHeadLimits, Head, latin1Bytes, type ScanResult, scanRequestHead } from '@reverse-http/protocol/http1';

/** Framing and the connection are not a fetch request's to speak of. */
const notPassed = new Set(['connection', 'expect', 'host', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** The head of a fetch request as it would have come over a connection; the second part tells what is wrong with it. */
export function headOfRequest(request: Request): { readonly head: Head; readonly result: ScanResult } {
  const url = new URL(request.url);
  const lines = [`${request.method} ${url.pathname}${url.search} HTTP/1.1`];
  lines.push(`Host: ${request.headers.get('host') ?? url.host}`);
  for (const [name, value] of request.headers) if (!notPassed.has(name)) lines.push(`${name}: ${value}`);
  const bytes = latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`);
  const head = new Head();
  const result = scanRequestHead(head, bytes, 0, bytes.length, defaultHeadLimits);
  return { head, result };
}
