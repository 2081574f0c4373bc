import { ReverseHttpError } from '@reverse-http/protocol/errors';
import type { Logger } from '../../connect-options.js';
import type { OriginAddress } from './origin-address.js';
import type { OriginState } from './origin-options.js';

/** Who is told of an origin's coming and going. */
export interface OriginWatchOptions {
  readonly address: OriginAddress;
  readonly logger: Logger;
  readonly onState: ((state: OriginState) => void) | undefined;
  readonly onError: ((error: ReverseHttpError) => void) | undefined;
}

/** Tells of each change once: not of each request that a stopped server loses. */
export class OriginWatch {
  readonly #options: OriginWatchOptions;
  #code: string | undefined;
  #known = false;

  constructor(options: OriginWatchOptions) {
    this.#options = options;
  }

  /** A connection was made. */
  onReachable(): void {
    const { address, logger } = this.#options;
    if (this.#known && this.#code === undefined) return;
    if (this.#known) logger.info(`${address.name} takes connections now.`);
    this.#tell({ state: 'reachable' });
  }

  /** No connection could be made. */
  onRefused(error: NodeJS.ErrnoException): void {
    const state = refusalOf(this.#options.address, error);
    if (this.#known && this.#code === state.code) return;
    this.#options.logger.warn(state.message);
    this.#tell(state);
    this.#options.onError?.(new ReverseHttpError('origin-refused', state.message, { cause: error, retryable: true }));
  }

  #tell(state: OriginState): void {
    this.#known = true;
    this.#code = state.state === 'refused' ? state.code : undefined;
    try {
      this.#options.onState?.(state);
    } catch (thrown) {
      this.#options.logger.error(`origin.onState threw: ${String(thrown)}`);
    }
  }
}

/** What a failed attempt to connect says about the origin. */
export function refusalOf(
  { name, certificateName, socketPath }: OriginAddress,
  error: NodeJS.ErrnoException,
): Extract<OriginState, { state: 'refused' }> {
  const code = error.code ?? 'unknown';
  const absent = code === 'ECONNREFUSED' || (code === 'ENOENT' && socketPath !== undefined);
  const what = absent ? `Nothing listens on ${name} yet` : faultOf(name, certificateName, code, error.message);
  return {
    state: 'refused',
    code,
    message: `${what}; visitors get 502 origin-refused until ${absent ? 'it does' : 'that is mended'}.`,
  };
}

function faultOf(name: string, certificateName: string, code: string, message: string): string {
  switch (code) {
    case 'ETIMEDOUT':
      return `${name} does not take connections in time`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${certificateName} is not known (${code})`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `The certificate of ${name} is for another name than ${certificateName}`;
    default:
      if (/wrong version number|packet length too long/.test(message))
        return `${name} speaks no TLS (http: in place of https:?)`;
      if (!isCertificateFault(code)) return `${name} cannot be reached (${message})`;
      return `The certificate of ${name} is not trusted (${message}; name its authority as origin.ca or --origin-ca)`;
  }
}

/** OpenSSL's names for what is wrong with a certificate, as Node gives them. */
function isCertificateFault(code: string): boolean {
  return /CERT|UNABLE_TO|CRL|CHAIN|PATH_LENGTH|INVALID_CA|HOSTNAME_MISMATCH/.test(code);
}
