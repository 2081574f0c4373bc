/**
 * Names of the metadata lines that stand before the fields of a request head (`:target A`). They begin with a colon, so
 * no field can collide with them; they are never forwarded, and unknown ones are ignored.
 */
export const Metadata = {
  /** The target id the request is for; names it where a session serves several. */
  Target: 'target',
  /** Address and port of the visitor, as `203.0.113.7 51234`. */
  Peer: 'peer',
  /** `http` or `https`: how the visitor asked. */
  Scheme: 'scheme',
  /** Path prefix that the gateway removed, as `/gw/A`. */
  Prefix: 'prefix',
  /** The gateway's id of the request. */
  Id: 'id',
  /** How many gateways the request came through; kept for gateways that pass requests to each other, which none does yet. */
  Hops: 'hops',
} as const;
