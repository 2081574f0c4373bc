import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { trimSpace } from './trim-space.js';

/** One field's value, or its values. */
export type FieldValue = string | number | readonly (string | number)[];

/** Fields in any of the usual shapes; undefined values are left out. */
export type FieldsInit =
  | Headers
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, FieldValue | undefined>>;

/** As many as a head inside a session may have. */
const maxFields = 1000;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;
/** What `Connection` cannot take away, beside `Content-*` (RFC 9110, section 7.6.1). */
const kept = /^(?:content-.*|host|cookie|set-cookie|authorization|cache-control)$/;

/** Field lines of an answer or of its trailers, checked as they are added. */
export class FieldLines {
  /** `Content-Length`; -1 when there is none. */
  contentLength = -1;
  hasContentType = false;
  #text = '';
  #count = 0;
  /** Values of `Connection`. */
  #listed = '';
  readonly #trailing: boolean;

  /** @param trailing They are trailers, where framing has no place (RFC 9110, section 6.5.1). */
  constructor(trailing = false) {
    this.#trailing = trailing;
  }

  /** The lines, without those that belong to one connection. */
  get text(): string {
    if (this.#listed === '') return this.#text;
    const names = new Set(this.#listed.toLowerCase().split(/[\t ,]+/));
    const lines = this.#text.split('\r\n').filter((line) => {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      return name === '' || !names.has(name) || kept.test(name);
    });
    return lines.join('\r\n');
  }

  /**
   * Adds a field.
   *
   * @throws ReverseHttpError `handler-failed` for what cannot be sent.
   */
  add(name: string, value: string | number): void {
    if (!token.test(name)) throw refused(`"${name}" is not a field name`);
    const text = trimSpace(String(value));
    if (notInValue.test(text)) throw refused(`the value of ${name} has a character that a field cannot carry`);
    if (!this.#passes(name.toLowerCase(), text)) return;
    this.#count += 1;
    if (this.#count > maxFields) throw refused(`more than ${maxFields} fields`);
    this.#text += `${name}: ${text}\r\n`;
  }

  /** Adds all fields. */
  addAll(fields: FieldsInit): void {
    if (typeof fields !== 'object' || fields === null) throw refused('headers must be an object');
    if (isHeaders(fields)) this.#addHeaders(fields);
    else if (Symbol.iterator in fields) for (const [name, value] of fields) this.add(name, value);
    else for (const name of Object.keys(fields)) this.#addValues(name, (fields as Record<string, FieldValue>)[name]);
  }

  #addValues(name: string, value: FieldValue | undefined): void {
    if (value === undefined) return;
    if (typeof value === 'object') for (const one of value) this.add(name, one);
    else this.add(name, value);
  }

  /** `Set-Cookie` is the one field that may not be joined: not every runtime gives its lines apart. */
  #addHeaders(headers: Headers): void {
    const apart = typeof headers.getSetCookie === 'function';
    headers.forEach((value, name) => {
      if (!apart || name !== 'set-cookie') this.add(name, value);
    });
    if (apart && headers.has('set-cookie')) for (const line of headers.getSetCookie()) this.add('set-cookie', line);
  }

  /** Whether the field is sent; remembers what framing needs. */
  #passes(name: string, value: string): boolean {
    switch (name) {
      case 'connection':
        this.#listed += `,${value}`;
        return false;
      case 'keep-alive':
      case 'proxy-connection':
      case 'te':
      case 'transfer-encoding':
      case 'upgrade':
      case 'http2-settings':
        return false;
      case 'content-length':
        return this.#takeLength(value);
      case 'content-type':
        this.hasContentType = true;
        return true;
      default:
        return true;
    }
  }

  /** The line itself is written by whoever knows the body. */
  #takeLength(value: string): boolean {
    if (this.#trailing) throw refused('Content-Length among the trailers');
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
    const differs = this.contentLength >= 0 && this.contentLength !== length;
    if (length < 0 || differs) throw refused(`Content-Length is "${value}", which is no length`);
    this.contentLength = length;
    return false;
  }
}

/** A fault in what a handler answered. */
export function refused(detail: string): ReverseHttpError {
  return new ReverseHttpError('handler-failed', `the handler's answer cannot be sent: ${detail}`);
}

function isHeaders(fields: FieldsInit): fields is Headers {
  const { forEach, get } = fields as Partial<Headers>;
  return typeof forEach === 'function' && typeof get === 'function' && !(fields instanceof Map);
}
