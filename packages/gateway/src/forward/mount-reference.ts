/** Where visitors see a server that knows nothing of it. */
export interface Place {
  /** What precedes the server's own paths, as `/gw/A`. */
  readonly prefix: string;
  /** Host and port as the visitor named them; empty when it named none. */
  readonly authority: string;
  /** Whether the visitor came by TLS. */
  readonly secure: boolean;
  /** Whether the request's path was the prefix itself, and the server took it for `/`. */
  readonly bare: boolean;
}

/** Above `/` there is nothing (RFC 3986, section 5.2.4); above the prefix there are other targets. */
const leadingDots = /^(?:\.\.?(?:\/|(?=[?#]|$)))+/;

/**
 * A URI reference (RFC 3986, section 4.1) of a server as visitors have to see it: an absolute path gains the prefix, and
 * so does a URL with the visitor's own host. Relative references lead there by themselves, unless the request's path had no
 * slash at its end, foreign ones elsewhere, and
 * what has the prefix already was made by a server that knows it.
 */
export function mountReference(reference: string, place: Place): string {
  const found = /^(?:(https?):)?\/\/([^/?#\\"']*)/i.exec(reference);
  if (!found && place.bare && isRelativePath(reference)) return `${place.prefix}/${reference.replace(leadingDots, '')}`;
  if (!found) return reference.startsWith('/') ? mountPath(reference, place.prefix) : reference;
  const [start, scheme = place.secure ? 'https' : 'http', authority] = found;
  const port = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  if (place.authority === '' || bare(authority!, port) !== bare(place.authority, port)) return reference;
  return start + mountPath(reference.slice(start.length), place.prefix);
}

function isRelativePath(reference: string): boolean {
  return /^[^/?#]/.test(reference) && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(reference);
}

/** A path, with whatever follows it, behind the prefix; empty means `/`. */
function mountPath(path: string, prefix: string): string {
  if (path.startsWith(prefix) && /^(?:[/?#]|$)/.test(path.slice(prefix.length))) return path;
  return path.startsWith('/') ? prefix + path : `${prefix}/${path}`;
}

/** Without the port that the scheme implies. */
function bare(authority: string, port: string): string {
  const lower = authority.toLowerCase();
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
