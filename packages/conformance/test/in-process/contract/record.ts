import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import type { Notes, Row } from './row.js';

/** What an application sees, line by line. */
export class Record {
  readonly lines: string[] = [];
  readonly #apart: boolean;
  readonly #early: boolean;
  readonly #quiet: boolean;
  #open = 0;
  #over!: () => void;
  /** Resolves when both objects of each request have closed. */
  readonly over: Promise<void>;

  constructor({ apart = false, early = false, quiet = false }: Row) {
    this.#apart = apart;
    this.#early = early;
    this.#quiet = quiet;
    this.over = new Promise((resolve) => {
      this.#over = resolve;
    });
  }

  readonly see: Notes = (...values) => {
    this.lines.push(values.map((value) => (typeof value === 'string' ? value : show(value))).join(' '));
  };

  /** Notes the events of both, and what they say of themselves meanwhile. */
  watch(req: IncomingMessage, res: ServerResponse): void {
    for (const name of ['end', 'close', 'aborted', 'error', 'timeout'])
      req.on(name, () => this.#event('req', name, req, res));
    for (const name of ['finish', 'close', 'error', 'drain', 'timeout'])
      res.on(name, () => this.#event('res', name, req, res));
    // An error that somebody hears is no longer thrown: some applications do not listen.
    this.#open += 2;
    for (const one of [req, res]) one.once('close', () => this.#closed());
  }

  /** The lines, sorted where their order is chance. */
  get seen(): readonly string[] {
    if (!this.#apart) return this.lines;
    const of = (part: string): string[] => this.lines.filter((line) => line.startsWith(`${part} `));
    return [...this.lines.filter((line) => !/^re[qs] /.test(line)), ...of('req'), ...of('res')];
  }

  #closed(): void {
    this.#open -= 1;
    // What one of them still has to say comes within the turn.
    if (this.#open === 0) setImmediate(() => setImmediate(() => this.#open === 0 && this.#over()));
  }

  #event(part: 'req' | 'res', name: string, req: IncomingMessage, res: ServerResponse): void {
    if (this.#quiet) return;
    const request = ofRequest(req, this.#early);
    const one = part === 'req' ? request : ofResponse(res);
    this.lines.push(`${part} ${name}: ${this.#apart ? one : `${request} | ${ofResponse(res)}`}`);
  }
}

function ofRequest(req: IncomingMessage, early: boolean): string {
  const { complete, aborted, destroyed, readableEnded, readableFlowing, closed, errored } = req;
  return flags({
    complete: complete && !early,
    aborted,
    destroyed,
    readableEnded,
    readableFlowing,
    closed,
    errored: errored && String(errored),
  });
}

function ofResponse(res: ServerResponse): string {
  const { headersSent, writableEnded, writableFinished, finished, destroyed, closed, errored } = res;
  return flags({
    headersSent,
    writableEnded,
    writableFinished,
    finished,
    destroyed,
    closed,
    errored: errored && String(errored),
    detached: res.socket === null,
  });
}

/** The names of what holds. */
function flags(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value)
    .map(([name, value]) => (value === true ? name : `${name}=${value}`))
    .join(' ');
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY });
}
