import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { FetchFunction } from '@reverse-http/connector';
import type { Apps } from './stage.js';

/** A request as an application saw it. */
export interface SeenRequest {
  readonly path: string;
  /** Request line without the version, field lines, empty line, body, trailer lines: as text, latin1. */
  readonly text: string;
  /** Whether the body came to its end. */
  readonly complete: boolean;
}

/** Applications that note what they see, and answer `served` and the path. */
export interface SeeingApps extends Apps {
  readonly seen: SeenRequest[];
}

/** Makes {@link SeeingApps}; `path` of `/healthy` is answered, not noted. */
export function createSeeingApps(): SeeingApps {
  const seen: SeenRequest[] = [];
  const note = (path: string, head: string, body: Buffer[], trailers: string, complete: boolean): void => {
    seen.push({ path, text: `${head}\r\n${Buffer.concat(body).toString('latin1')}${trailers}`, complete });
  };
  const listener: RequestListener = async (request, response) => {
    if (request.url === '/healthy') return void response.end('healthy');
    const { method, url = '' } = request;
    const body: Buffer[] = [];
    const complete = await readAll(request, body);
    note(url, `${method} ${url}\r\n${linesOf(request.rawHeaders)}`, body, linesOf(request.rawTrailers), complete);
    response.end(`served ${url}`);
  };
  const fetch: FetchFunction = async (request) => {
    const { origin } = new URL(request.url);
    const path = request.url.slice(origin.length);
    if (path === '/healthy') return new Response('healthy');
    const head = `${request.method} ${path}\r\n${linesOf(request.fields.flat())}`;
    const body: Buffer[] = [];
    let trailers = '';
    let complete = true;
    try {
      for await (const piece of request.body ?? []) body.push(Buffer.from(piece));
      trailers = linesOf([...(await request.trailers)].flat());
    } catch {
      complete = false;
    }
    note(path, head, body, trailers, complete);
    return new Response(`served ${path}`);
  };
  return { seen, server: serverOf(listener), url: serverOf(listener), fetch };
}

function serverOf(listener: RequestListener): Server {
  return createServer(listener);
}

async function readAll(request: IncomingMessage, into: Buffer[]): Promise<boolean> {
  try {
    for await (const piece of request) into.push(piece as Buffer);
    return request.complete;
  } catch {
    return false;
  }
}

function linesOf(fields: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < fields.length; i += 2) lines += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return lines;
}
