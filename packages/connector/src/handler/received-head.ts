import { Metadata } from '@reverse-http/protocol/exchange';
import { authorityOf, type Head, latin1, methodOf, pathOf } from '@reverse-http/protocol/http1';
import { copyOf } from './copy-of.js';
import { trimSpace } from './trim-space.js';

/** Copy of a request's head, made into texts as they are asked for: a small handler looks at few. */
export class ReceivedHead {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Host and port, as the visitor named them. */
  readonly authority: string;
  readonly #bytes: Uint8Array;
  readonly #metadataEnd: number;
  #metadata: string | undefined;
  #fields: (readonly [string, string])[] | undefined;

  /** @param head Used during the call only. */
  constructor(head: Head) {
    this.method = methodOf(head);
    this.path = pathOf(head);
    this.authority = authorityOf(head);
    const start = head.metadataEnd > head.metadataStart ? head.metadataStart : head.fieldsStart;
    this.#bytes = copyOf(head.bytes.subarray(start, head.fieldsEnd));
    this.#metadataEnd = head.metadataEnd > head.metadataStart ? head.metadataEnd - start : 0;
  }

  /** `https` or `http`: how the visitor asked. */
  get scheme(): string {
    return this.metadata(Metadata.Scheme) === 'https' ? 'https' : 'http';
  }

  /** All fields, names as written. */
  get fields(): readonly (readonly [string, string])[] {
    this.#fields ??= parseFields(latin1(this.#bytes, this.#metadataEnd, this.#bytes.length));
    return this.#fields;
  }

  /** Value of the first field of this name, given in lower case. */
  field(lower: string): string | undefined {
    return this.fields.find(([name]) => name.length === lower.length && name.toLowerCase() === lower)?.[1];
  }

  /** Value of a metadata line; undefined where there is none of this name. */
  metadata(name: string): string | undefined {
    this.#metadata ??= latin1(this.#bytes, 0, this.#metadataEnd);
    const text = this.#metadata;
    const line = `:${name} `;
    const at = text.startsWith(line) ? 0 : text.indexOf(`\n${line}`) + 1;
    if (at === 0 && !text.startsWith(line)) return undefined;
    return text.slice(at + line.length, text.indexOf('\r', at));
  }
}

/** Field lines that the scan of heads has accepted: no folding, CRLF alone. */
export function parseFields(text: string): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [];
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.push([line.slice(0, colon), trimSpace(line.slice(colon + 1))]);
  }
  return fields;
}

/** Fields as `Headers`: a bare one takes every field, in browsers too. Lines of `Cookie` belong together by `; `. */
export function headersOf(fields: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers();
  let cookies: string | undefined;
  for (const [name, value] of fields) {
    if (name.length !== 6 || name.toLowerCase() !== 'cookie') headers.append(name, value);
    else cookies = cookies === undefined ? value : `${cookies}; ${value}`;
  }
  if (cookies !== undefined) headers.set('cookie', cookies);
  return headers;
}
