/**
 * RFC 9112 read slowly, by regular expressions over text: the oracle of the fuzz tests. Shares nothing with the scan.
 */

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const value = '[\\t\\x20-\\x7e\\x80-\\xff]*';
const fields = `(?:${token}:${value}\\r\\n)*`;
const target = '[!-"$-~]+';
const version = 'HTTP/(?<major>\\d)\\.(?<minor>\\d)';

const requestStart = new RegExp(`^(?:\\r\\n){0,8}(?<method>${token}) (?<target>${target}) ${version}`);
const requestLine = new RegExp(`${requestStart.source}\\r\\n`);
const request = new RegExp(`${requestLine.source}(?<fields>${fields})\\r\\n`);
const response = new RegExp(
  `^${version} (?<status>[1-5]\\d\\d)(?: (?<reason>${value}))?\\r\\n(?<fields>${fields})\\r\\n`,
);

const host = /^(?:(?:[\w.~!$&'()*+,;=-]|%[\dA-Fa-f]{2})+|\[(?=.*:.*:)[\dA-Fa-f.:]+\])(?::(?<port>\d{0,16}))?$/;

export interface Reference {
  /** Outcomes that are right: several when a head has several faults, since any may be found first. */
  readonly results: readonly string[];
  readonly line?: Readonly<Record<string, string | undefined>>;
  readonly fields?: readonly (readonly [string, string])[];
  readonly length?: number | 'chunked' | undefined;
}

export function referenceRequest(text: string): Reference {
  const start = requestStart.exec(text);
  if (start && start.groups!.major !== '1') return { results: ['version-not-supported'] };
  const line = requestLine.exec(text)?.groups;
  if (line && !isTarget(line.method!, line.target!)) return { results: ['bad-request'] };
  const match = request.exec(text)?.groups;
  if (!match)
    return { results: [isPrefix(request, text, '\r\nG / HTTP/1.1\r\na:\r\n\r\n') ? 'incomplete' : 'bad-request'] };
  const list = splitFields(match.fields!);
  const hosts = valuesOf(list, 'host');
  const faults = framingFaults(list, match.minor === '0');
  const authority = match.method === 'CONNECT' ? match.target! : /^https?:\/\/([^/?]*)/i.exec(match.target!)?.[1];
  if (hosts.length > 1 || (hosts.length === 0 && match.minor !== '0')) faults.push('bad-request');
  if (hosts.some((h) => !isHost(h) && !(h === '' && match.target === '*'))) faults.push('bad-request');
  if (authority !== undefined && !isHost(authority)) faults.push('bad-request');
  if (list.some(([name]) => /^(content_length|transfer_encoding)$/i.test(name))) faults.push('bad-request');
  const length = lengthOf(list);
  const isConnect = match.method === 'CONNECT';
  if (isConnect && (length === 'chunked' || (length ?? 0) > 0)) faults.push('bad-request');
  const odd = match.minor !== '0' && valuesOf(list, 'expect').some((v) => v.toLowerCase() !== '100-continue');
  if (faults.length === 0 && odd) faults.push('expectation-failed');
  return {
    results: faults.length > 0 ? faults : ['complete'],
    line: match,
    fields: list,
    length: isConnect ? undefined : length,
  };
}

export function referenceResponse(text: string): Reference {
  const match = response.exec(text)?.groups;
  if (match?.major !== '1') {
    const prefix = !match && isPrefix(response, text, 'HTTP/1.1 200\r\na:\r\n\r\n') && !/^HTTP\/[^1]\../.test(text);
    return { results: [prefix ? 'incomplete' : 'bad-answer'] };
  }
  const list = splitFields(match.fields!);
  const bad =
    framingFaults(list, match.minor === '0').length > 0 ||
    valuesOf(list, 'host').length > 1 ||
    list.some(([name]) => /^(content_length|transfer_encoding)$/i.test(name));
  return { results: [bad ? 'bad-answer' : 'complete'], line: match, fields: list, length: lengthOf(list) };
}

/** Whether some end of a good text completes this one. */
function isPrefix(grammar: RegExp, text: string, whole: string): boolean {
  return Array.from({ length: whole.length + 1 }, (_, i) => whole.slice(i)).some((rest) => {
    const match = grammar.exec(text + rest);
    return match !== null && match[0].length > text.length;
  });
}

function isTarget(method: string, text: string): boolean {
  if (method === 'CONNECT') return /[^:]*:\d+$/.test(text) && !/^:?\d+$/.test(text);
  if (text === '*') return method === 'OPTIONS';
  return text.startsWith('/') || /^https?:\/\/[^/?]+(\/|$)/i.test(text);
}

function isHost(text: string): boolean {
  const match = host.exec(text);
  return match !== null && Number(match.groups!.port ?? 0) <= 65_535;
}

function splitFields(text: string): [string, string][] {
  return text
    .split('\r\n')
    .slice(0, -1)
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
    });
}

function valuesOf(list: readonly (readonly [string, string])[], name: string): string[] {
  return list.filter(([n]) => n.toLowerCase() === name).map(([, v]) => v);
}

function lengthOf(list: readonly (readonly [string, string])[]): number | 'chunked' | undefined {
  if (valuesOf(list, 'transfer-encoding').length > 0) return 'chunked';
  const [length] = valuesOf(list, 'content-length');
  return length === undefined ? undefined : Number(length);
}

function framingFaults(list: readonly (readonly [string, string])[], old: boolean): string[] {
  const faults: string[] = [];
  const lengths = valuesOf(list, 'content-length');
  const codings = valuesOf(list, 'transfer-encoding');
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) faults.push('bad-request');
  if (lengths.some((l) => !/^\d{1,16}$/.test(l) || BigInt(l) > BigInt(Number.MAX_SAFE_INTEGER)))
    faults.push('bad-request');
  if (codings.length > 1 || (codings.length > 0 && old)) faults.push('bad-request');
  for (const coding of codings) {
    if (
      /^((x-)?gzip|(x-)?compress|deflate)([ \t]*,[ \t]*((x-)?gzip|(x-)?compress|deflate))*[ \t]*,[ \t]*chunked$/i.test(
        coding,
      )
    ) {
      faults.push('not-implemented');
    } else if (coding.toLowerCase() !== 'chunked') faults.push('bad-request');
  }
  return faults;
}

export interface ReferenceBody {
  readonly event: 'end' | 'more' | 'bad-request';
  readonly data: string;
  readonly rest: string;
}

const sizeLine = /([\dA-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n/y;
const sizeLinePrefix = /^(?:[\dA-Fa-f]{0,16}|[\dA-Fa-f]{1,16}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?)$/;
const trailers = new RegExp(`${fields}\\r\\n`, 'y');
const trailersPrefix = new RegExp(`^${fields}(?:${token}(?::${value}\\r?)?|\\r)?$`);

export function referenceChunked(text: string): ReferenceBody {
  let data = '';
  for (let at = 0; ; ) {
    sizeLine.lastIndex = at;
    const match = sizeLine.exec(text);
    const digits = match?.[1] ?? /^[\dA-Fa-f]*/.exec(text.slice(at))![0];
    if (digits !== '' && BigInt(`0x${digits}`) > BigInt(Number.MAX_SAFE_INTEGER))
      return { event: 'bad-request', data, rest: '' };
    if (!match) return { event: sizeLinePrefix.test(text.slice(at)) ? 'more' : 'bad-request', data, rest: '' };
    at += match[0].length;
    const size = Number.parseInt(digits, 16);
    if (size === 0) {
      trailers.lastIndex = at;
      const end = trailers.exec(text);
      if (end) return { event: 'end', data, rest: text.slice(at + end[0].length) };
      return { event: trailersPrefix.test(text.slice(at)) ? 'more' : 'bad-request', data, rest: '' };
    }
    data += text.slice(at, at + size);
    const after = text.slice(at + size, at + size + 2);
    if (!'\r\n'.startsWith(after)) return { event: 'bad-request', data, rest: '' };
    if (after.length < 2) return { event: 'more', data, rest: '' };
    at += size + 2;
  }
}
