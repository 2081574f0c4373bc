/**
 * The value of a `Set-Cookie` (RFC 6265, section 4.1) for a server that visitors see below `prefix`: `Path` gains it, so that
 * the cookie comes back to this server alone; `Domain` goes, for the host is the gateway's. Without a `Path` browsers take
 * the folder of the request, which is below the prefix already, unless the request's path was `bare`: the prefix itself.
 *
 * A cookie named `__Host-` is left alone: browsers keep it for `Path=/` alone, and a login that silently never works is
 * worse than a cookie that the origin's other targets, of the same owner, see too.
 */
export function mountCookie(value: string, prefix: string, bare: boolean): string {
  const [pair = '', ...attributes] = value.split(';');
  if (/^[ \t]*__host-/i.test(pair)) return value;
  let result = pair;
  let path = '';
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const name = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
    if (name === 'domain') continue;
    if (name === 'path') path = equals < 0 ? '' : attribute.slice(equals + 1).trim();
    result += name === 'path' ? `; Path=${mountPath(path, prefix)}` : `;${attribute}`;
  }
  // The last one counts, and what does not begin with a slash is none (RFC 6265, section 5.2.4).
  return bare && !path.startsWith('/') ? `${result}; Path=${prefix}` : result;
}

/**
 * `/` becomes `/gw/A`, not `/gw/A/`: it is what a cookie without a path has that was set at `/gw/A/`, so that the two stay
 * the same cookie, as they are at the root.
 */
function mountPath(path: string, prefix: string): string {
  if (!path.startsWith('/') || path === prefix || path.startsWith(`${prefix}/`)) return path;
  return path === '/' ? prefix : prefix + path;
}
