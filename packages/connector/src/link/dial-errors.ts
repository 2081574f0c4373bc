import { ReverseHttpError } from '@reverse-http/protocol/errors';

/** Nobody answers at the gateway's address; `detail` says what the network said. */
export function cannotBeReached(gateway: string, detail: string, cause?: unknown): ReverseHttpError {
  const extras = cause === undefined ? {} : { cause };
  // OpenSSL's own words for plain HTTP, with a number of its thread and a place in its source, tell nobody what is wrong.
  const what = /wrong version number|packet length too long/.test(detail)
    ? 'it speaks no TLS (http: in place of https:?)'
    : (unresolved(detail) ?? detail);
  return new ReverseHttpError('unreachable', `${gateway} cannot be reached: ${what}`, extras);
}

/** What there is to say where the gateway's name gave no address, as on a machine that starts before its network. */
function unresolved(detail: string): string | undefined {
  const [, code, name] = /getaddrinfo (E\w+) (\S+)/.exec(detail) ?? [];
  if (code === 'ENOTFOUND')
    return `nobody knows an address of ${name} (yet, if the network is coming up; or it is mistyped)`;
  return code === 'EAI_AGAIN' ? `no name server answers that knows an address of ${name}` : undefined;
}

/** What answers there speaks no HTTP, or none that a transport could use. */
export function speaksOtherwise(gateway: string, detail: string, cause?: unknown): ReverseHttpError {
  const extras = cause === undefined ? {} : { cause };
  return new ReverseHttpError('not-a-gateway', `${gateway} answers, but not as a gateway does: ${detail}`, extras);
}

/**
 * Somebody answered by HTTP who is no gateway: a proxy whose gateway is down says so with 502 to 504, and a gateway that
 * is asked by a name that it does not serve is none either, with 421.
 */
export function answeredWith(gateway: string, status: number): ReverseHttpError {
  if (status >= 502 && status <= 504)
    return new ReverseHttpError('unreachable', `${gateway} is down behind a proxy (HTTP ${status})`);
  if (status === 421)
    return new ReverseHttpError(
      'not-a-gateway',
      `${gateway} is a name that the gateway there does not serve (HTTP 421; its --public-url or hosts would have to name it)`,
    );
  return new ReverseHttpError(
    'not-a-gateway',
    `${gateway} is some other web server, or hides the gateway (HTTP ${status})`,
  );
}
