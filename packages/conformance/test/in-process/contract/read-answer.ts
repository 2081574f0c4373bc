/** One answer, interim or final, taken apart slowly and plainly. */
export interface ReadAnswer {
  /** What of it is compared: status line, fields, body, trailers, and whether it is whole. */
  readonly lines: readonly string[];
  /** Position after it; its start, when it is not whole. */
  readonly end: number;
  readonly final: boolean;
}

/** Fields that are each connection's own. */
const ofConnection = /^(connection|keep-alive|transfer-encoding|proxy-connection):/i;

/** Reads the answer at `start`; one that is not whole is told only when nothing more comes. */
export function readAnswer(text: string, start: number, isHead: boolean, over: boolean): ReadAnswer {
  const headEnd = text.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return { lines: [], end: start, final: false };
  const [first = '', ...fields] = text.slice(start, headEnd).split('\r\n');
  const status = Number(first.split(' ')[1]);
  const lines = [first, ...fields.filter((line) => !ofConnection.test(line)).map(withoutDate)];
  const bodyStart = headEnd + 4;
  if (status === 101) return { lines: [...lines, '', ...opaque(text.slice(bodyStart))], end: text.length, final: true };
  if (status < 200) return { lines: [...lines, ''], end: bodyStart, final: false };
  if (isHead || status === 204 || status === 304) return { lines: [...lines, ''], end: bodyStart, final: true };
  const body = readBody(text, bodyStart, fields, over);
  if (body.whole && isGateways(fields)) return { lines: [first, ''], end: body.end, final: true };
  if (body.whole) return { lines: [...lines, '', ...body.lines], end: body.end, final: true };
  if (!over) return { lines: [], end: start, final: false };
  return { lines: [...lines, '', ...body.lines, 'broken off'], end: text.length, final: true };
}

/** Which of its own answers a gateway gave is told by the status. */
function isGateways(fields: readonly string[]): boolean {
  return fields.some((line) => line.startsWith('Proxy-Status: rhttp; error='));
}

function opaque(text: string): string[] {
  return text === '' ? [] : [text];
}

/** A date of today is the time of the answer. */
function withoutDate(line: string): string {
  const [, name, value] = /^(date): (.*)$/i.exec(line) ?? [];
  if (name === undefined || Math.abs(Date.parse(value!) - Date.now()) > 60_000) return line;
  return `${name}: now`;
}

interface Body {
  readonly lines: readonly string[];
  readonly end: number;
  readonly whole: boolean;
}

function readBody(text: string, start: number, fields: readonly string[], over: boolean): Body {
  const fieldOf = (name: string): string | undefined =>
    fields
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  if (fieldOf('transfer-encoding')?.toLowerCase() === 'chunked') return readChunks(text, start);
  const length = fieldOf('content-length');
  if (length === undefined) return { lines: shown(text.slice(start)), end: text.length, whole: over };
  const end = start + Number(length);
  return { lines: shown(text.slice(start, end)), end, whole: text.length >= end };
}

function readChunks(text: string, start: number): Body {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (lineEnd < 0 || (size > 0 && text.length < next)) return { lines: shown(body), end: text.length, whole: false };
    if (size === 0) {
      const end = text.indexOf('\r\n\r\n', lineEnd);
      if (end < 0) return { lines: shown(body), end: text.length, whole: false };
      const trailers = text.slice(lineEnd + 2, end).split('\r\n');
      return { lines: [...shown(body), ...(end === lineEnd ? [] : ['', ...trailers])], end: end + 4, whole: true };
    }
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}

function shown(body: string): string[] {
  if (body === '') return [];
  return [body.length > 1000 ? `${body.slice(0, 100)}... ${body.length}` : body];
}
