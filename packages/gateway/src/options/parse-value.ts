import { type AddressList, createAddressList } from '../policy/address-list.js';
import type { Parse } from './reader.js';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const unitsBytes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** `250ms 5s 1m 2h 90d off`, or a number of ms; in ms, 0 for `off`. */
export const duration: Parse<number> = (value) =>
  quantity(value, unitsMs, 0, 'a duration such as 250ms, 5s, 1m, 90d or off (a bare number means ms)');

/** `32KiB 1MiB off`, or a number of bytes; in bytes, `Infinity` for `off`. */
export const size: Parse<number> = (value) =>
  quantity(
    value,
    unitsBytes,
    Number.POSITIVE_INFINITY,
    'a size such as 32KiB, 1MiB or off (a bare number means bytes)',
  );

/** A whole number of at least 1, or `off`: then `Infinity`. */
export const count: Parse<number> = (value) => {
  if (value === 'off') return Number.POSITIVE_INFINITY;
  if (typeof value === 'number' && value >= 1 && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY)) {
    return value;
  }
  throw unlike(value, 'a whole number of at least 1, or off');
};

/** Within bounds that have a reason of their own. */
export function between(parse: Parse<number>, least: number, most: number, what: string): Parse<number> {
  return (value) => {
    const number = parse(value);
    if (number < least || number > most) throw unlike(value, what);
    return number;
  };
}

/** One of these words. */
export function oneOf<const T extends readonly string[]>(...words: T): Parse<T[number]> {
  return (value) => {
    if (words.includes(value as string)) return value as T[number];
    throw unlike(value, words.join(' or '));
  };
}

/** A text that is not empty. */
export const text: Parse<string> = (value) => {
  if (typeof value === 'string' && value !== '') return value;
  throw unlike(value, 'a text');
};

/** true or false. */
export const flag: Parse<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  throw unlike(value, 'true or false');
};

/** A function. */
export function callback<T>(): Parse<T> {
  return (value) => {
    if (typeof value === 'function') return value as T;
    throw unlike(value, 'a function');
  };
}

/** A TCP port; 0 takes a free one. */
export const port: Parse<number> = (value) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw unlike(value, 'a port from 0 to 65535');
};

/** `host:port`, an IPv6 host in brackets. */
export const address: Parse<{ readonly host: string; readonly port: number }> = (value) => {
  const found = typeof value === 'string' ? /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(value) : null;
  const number = Number(found?.[3]);
  if (!found || number > 65_535) throw unlike(value, 'an address such as 127.0.0.1:8080 or [::1]:8080');
  return { host: found[1] ?? found[2]!, port: number };
};

/** Addresses and blocks; an empty list is none. */
export const addressList: Parse<AddressList | undefined> = (value) => {
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string'))
    throw unlike(value, 'a list of addresses and blocks such as 10.0.0.0/8');
  return value.length === 0 ? undefined : createAddressList(value);
};

/** Where a gateway is reached: scheme and authority; a path is left out. */
export const origin: Parse<string> = (value) => {
  if (typeof value === 'string' && /^https?:/.test(value) && URL.canParse(value)) return new URL(value).origin;
  throw unlike(value, 'a URL such as https://gw.example.com');
};

function quantity(value: unknown, units: Readonly<Record<string, number>>, off: number, what: string): number {
  if (value === 'off') return off;
  if (typeof value === 'number' && value >= 0) return value;
  const found = typeof value === 'string' ? /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(value) : null;
  const unit = found ? units[found[2]!] : undefined;
  if (!found || unit === undefined) throw unlike(value, what);
  return Number(found[1]) * unit;
}

/** The error that says what a value is and what it should have been. */
function unlike(value: unknown, what: string): TypeError {
  return new TypeError(`${shown(value)} is not ${what}`);
}

function shown(value: unknown): string {
  const json = typeof value === 'function' ? 'a function' : JSON.stringify(value);
  return json === undefined ? String(value) : json.length > 60 ? `${json.slice(0, 57)}...` : json;
}
