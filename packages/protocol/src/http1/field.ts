/** Fields that an intermediary has to know, by number; any other is {@link Field.Other}. */
export const Field = {
  Other: 0,
  Host: 1,
  Connection: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  KeepAlive: 5,
  ProxyConnection: 6,
  Te: 7,
  Trailer: 8,
  Upgrade: 9,
  Expect: 10,
  Via: 11,
  Forwarded: 12,
  XForwardedFor: 13,
  XForwardedProto: 14,
  XForwardedHost: 15,
  XForwardedPort: 16,
  XForwardedPrefix: 17,
  XRealIp: 18,
  ClientCert: 19,
  ClientCertChain: 20,
  ProxyAuthenticate: 21,
  ProxyAuthorization: 22,
  ProxyAuthenticationInfo: 23,
  Http2Settings: 24,
  Date: 25,
  Server: 26,
  Location: 27,
  ContentLocation: 28,
  SetCookie: 29,
  Cookie: 30,
  Accept: 31,
  AltSvc: 32,
  StrictTransportSecurity: 33,
  ContentType: 34,
  Authorization: 35,
  MaxForwards: 36,
  CdnLoop: 37,
  XRequestId: 38,
  ContentEncoding: 39,
  ContentRange: 40,
  CacheControl: 41,
  XForwardedServer: 42,
  /** What a CGI-style server would take for `Transfer-Encoding`: never let through. */
  UnderscoreTransferEncoding: 43,
  /** The same for `Content-Length`. */
  UnderscoreContentLength: 44,
  Refresh: 45,
  Link: 46,
  ServiceWorkerAllowed: 47,
  ClearSiteData: 48,
  /** Mark of a field that is not to be copied. */
  Dropped: 255,
} as const;

/** One of the numbers in {@link Field}. */
export type KnownField = (typeof Field)[keyof typeof Field];

/** Lower-case names, in the order of the numbers from 1 on. */
const names: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-real-ip',
  'client-cert',
  'client-cert-chain',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'http2-settings',
  'date',
  'server',
  'location',
  'content-location',
  'set-cookie',
  'cookie',
  'accept',
  'alt-svc',
  'strict-transport-security',
  'content-type',
  'authorization',
  'max-forwards',
  'cdn-loop',
  'x-request-id',
  'content-encoding',
  'content-range',
  'cache-control',
  'x-forwarded-server',
  'transfer_encoding',
  'content_length',
  'refresh',
  'link',
  'service-worker-allowed',
  'clear-site-data',
];

const tableSize = 1024;

/** Where a name stands: its length, first and last letter tell nearly all of them apart; the rest probes on. */
function slotOf(length: number, first: number, last: number): number {
  return (length * 37 + (first | 0x20) * 5 + (last | 0x20) * 131) & (tableSize - 1);
}

const table: Uint8Array = new Uint8Array(tableSize);
const nameBytes: readonly Uint8Array[] = names.map((name) => Uint8Array.from(name, (c) => c.charCodeAt(0)));
nameBytes.forEach((name, index) => {
  let slot = slotOf(name.length, name[0]!, name[name.length - 1]!);
  while (table[slot] !== 0) slot = (slot + 1) & (tableSize - 1);
  table[slot] = index + 1;
});

/**
 * The number of the field named by `bytes[start..end)`, in any case; {@link Field.Other} for a name we need not know. With
 * underscores in place of hyphens, what the gateway says of the visitor is the same field: CGI and its heirs (WSGI, Rack,
 * PHP) make one variable of both names, and would believe the visitor's.
 */
export function identifyField(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let slot = slotOf(length, bytes[start]!, bytes[end - 1]!);
  for (let id = table[slot]!; id !== 0; id = table[slot]!) {
    const name = nameBytes[id - 1]!;
    if (name.length === length) {
      if (equalsIgnoringCase(bytes, start, name)) return id;
      if (speaksOfVisitor(id) && equalsIgnoringCase(withHyphens(bytes, start, end), 0, name)) return id;
    }
    slot = (slot + 1) & (tableSize - 1);
  }
  return Field.Other;
}

function speaksOfVisitor(id: number): boolean {
  return (id >= Field.Forwarded && id <= Field.ClientCertChain) || id === Field.XForwardedServer;
}

function withHyphens(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return bytes.slice(start, end).map((byte) => (byte === 0x5f ? 0x2d : byte));
}

/** Whether the bytes at `start` are `lower`, a lower-case text, in any case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    const wanted = lower[i]!;
    const byte = bytes[start + i]!;
    if (byte !== wanted && !((byte | 0x20) === wanted && wanted >= 0x61 && wanted <= 0x7a)) return false;
  }
  return true;
}
