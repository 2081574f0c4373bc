/** Writes the bytes of one request. */
export type WriteRequest = (url: URL) => string;

// What Chrome sends for a page on a loopback address, in its order: with the Host field 15 fields.
const BROWSER_FIELDS = [
  'Connection: keep-alive',
  'Cache-Control: max-age=0',
  'sec-ch-ua: "Chromium";v="138", "Google Chrome";v="138", "Not)A;Brand";v="8"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Windows"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Sec-Fetch-Site: none',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-User: ?1',
  'Sec-Fetch-Dest: document',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7',
];

/** What wrk sends by itself: one field. */
export const bareGet: WriteRequest = (url) => head(url, []);

/** A browser's head: 15 fields, about 700 bytes. */
export const browserGet: WriteRequest = (url) => head(url, BROWSER_FIELDS);

/** A browser's head, and a body of this size behind it. */
export function browserPost(bodyBytes: number): WriteRequest {
  const fields = [...BROWSER_FIELDS, 'Content-Type: application/octet-stream', `Content-Length: ${bodyBytes}`];
  return (url) => head(url, fields, 'POST') + 'x'.repeat(bodyBytes);
}

function head(url: URL, fields: readonly string[], method = 'GET'): string {
  return [`${method} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`, ...fields, '', ''].join('\r\n');
}
