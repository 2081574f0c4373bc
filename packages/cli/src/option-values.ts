import { InvalidArgumentError } from 'commander';
import { parseDuration } from './duration.js';
import { targetIdPattern } from './target-id.js';

/** A TCP port; 0 takes a free one. */
export function portValue(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Expected a port from 0 to 65535.');
}

/** The one word by which everybody is let in. */
export function authValue(text: string): 'none' {
  if (text === 'none') return text;
  throw new InvalidArgumentError(
    'The only value is none, which lets everybody connect; without --auth, tokens are asked for.',
  );
}

/** A time in ms. */
export function durationValue(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('Expected a time such as 15s, 5m or 90d.');
}

/** An `http:` or `https:` URL, as it was typed. */
export function urlValue(text: string): string {
  if (/^https?:\/\/./i.test(text) && URL.canParse(text)) return text;
  throw new InvalidArgumentError('Expected a URL such as https://gw.example.com.');
}

/** A host and a port: `127.0.0.1:8081`, `[::1]:8081`. */
export function addressValue(text: string): { readonly host: string; readonly port: number } {
  const found = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found && port <= 65_535) return { host: found[1] ?? found[2]!, port };
  throw new InvalidArgumentError('Expected an address such as 127.0.0.1:8081.');
}

/** A target id. */
export function targetValue(text: string): string {
  if (targetIdPattern.test(text)) return text;
  throw new InvalidArgumentError(
    'A target id has 1 to 63 of A-Z a-z 0-9 . _ - and begins and ends with a letter or digit.',
  );
}

/** Collects `name=text`, given once or several times; in the environment separated by commas. */
export function labelValue(text: string, previous: Readonly<Record<string, string>> = {}): Record<string, string> {
  const labels: Record<string, string> = { ...previous };
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1) throw new InvalidArgumentError('Expected name=text, such as site=berlin.');
    labels[part.slice(0, equals).trim()] = part.slice(equals + 1);
  }
  return labels;
}

/** Collects texts, given once or several times, or separated by commas. */
export function listValue(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(',').map((part) => part.trim())];
}
