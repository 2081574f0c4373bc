/** One answer as a visitor's parser would take it, interim ones included. */
export interface Answer {
  readonly status: number;
  /** Field lines as they came. */
  readonly lines: readonly string[];
  /** Value of a field, by its name in lower case. */
  field(name: string): string | undefined;
  readonly body: string;
  /** Trailer lines. */
  readonly trailers: readonly string[];
  /** Whether the framing says that it is whole. */
  readonly whole: boolean;
}

/**
 * Takes a connection's bytes apart, slowly and plainly; an answer that only the end of the connection ends is whole when
 * `ended`. `isHead` tells which of the final answers (by number) are for HEAD.
 */
export function readAnswers(text: string, ended = false, isHead: (index: number) => boolean = () => false): Answer[] {
  const answers: Answer[] = [];
  let rest = text;
  let final = 0;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`no whole head: ${rest.slice(0, 200)}`);
    const [first, ...lines] = rest.slice(0, end).split('\r\n');
    const found = /^HTTP\/1\.1 (\d{3}) ?/.exec(first!);
    if (!found) throw new Error(`no status line: ${first}`);
    const status = Number(found[1]);
    rest = rest.slice(end + 4);
    const field = (name: string): string | undefined =>
      lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.replace(/^[^:]*:\s*/, '');
    const isInterim = status < 200;
    const bodiless = isInterim || status === 204 || status === 304 || (!isInterim && isHead(final));
    const body = bodiless ? { body: '', trailers: [], rest, whole: true } : readBody(rest, field, ended);
    if (!isInterim || status === 101) final++;
    rest = body.rest;
    answers.push({ status, lines, field, body: body.body, trailers: body.trailers, whole: body.whole });
    if (status === 101) break;
  }
  return answers;
}

/** The only answer. */
export function readAnswer(text: string, ended = false, isHead = false): Answer {
  const answers = readAnswers(text, ended, () => isHead).filter(({ status }) => status >= 200);
  if (answers.length !== 1) throw new Error(`${answers.length} answers: ${text.slice(0, 500)}`);
  return answers[0]!;
}

interface Body {
  readonly body: string;
  readonly trailers: readonly string[];
  readonly rest: string;
  readonly whole: boolean;
}

function readBody(text: string, field: (name: string) => string | undefined, ended: boolean): Body {
  if (field('transfer-encoding') === 'chunked') return readChunks(text);
  const length = field('content-length');
  if (length === undefined) return { body: text, trailers: [], rest: '', whole: ended };
  const count = Number(length);
  return { body: text.slice(0, count), trailers: [], rest: text.slice(count), whole: text.length >= count };
}

function readChunks(text: string): Body {
  let body = '';
  let rest = text;
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.slice(0, lineEnd), 16);
    if (lineEnd < 0 || rest.length < lineEnd + 2 + size + 2) return { body, trailers: [], rest: '', whole: false };
    if (size === 0) break;
    body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    if (rest.slice(lineEnd + 2 + size, lineEnd + 4 + size) !== '\r\n') throw new Error('a chunk does not end');
    rest = rest.slice(lineEnd + 4 + size);
  }
  rest = rest.slice(3);
  const trailers: string[] = [];
  for (;;) {
    const lineEnd = rest.indexOf('\r\n');
    if (lineEnd < 0) return { body, trailers, rest: '', whole: false };
    const line = rest.slice(0, lineEnd);
    rest = rest.slice(lineEnd + 2);
    if (line === '') return { body, trailers, rest, whole: true };
    trailers.push(line);
  }
}
