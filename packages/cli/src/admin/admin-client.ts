import { CommandError, exitCodes } from '../command-error.js';
import type { AdminAccess } from './find-admin.js';

/** Asks the admin listener. Every method throws a CommandError with what to tell the user. */
export interface AdminClient {
  get(path: string): Promise<unknown>;
  delete(path: string): Promise<unknown>;
  /** All entries of a list that comes in pages. */
  all<T>(path: string, name: string): Promise<readonly T[]>;
}

/** An admin listener answers at once or is in trouble, ms. */
const timeoutMs = 10_000;

export function createAdminClient({ url, token }: AdminAccess, signal?: AbortSignal): AdminClient {
  async function request(method: string, path: string): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: { Authorization: `Bearer ${token}` },
        redirect: 'error',
        signal: signal ?? AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw new CommandError(`The admin listener ${url} cannot be reached (${reasonOf(error)})`);
    }
    const text = await response.text();
    if (response.ok) return parse(text, url);
    throw problemOf(response.status, text, url);
  }
  return {
    get: (path) => request('GET', path),
    delete: (path) => request('DELETE', path),
    async all<T>(path: string, name: string) {
      const entries: T[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page = (await request('GET', `${path}?limit=1000${query}`)) as Record<string, unknown>;
        entries.push(...((page[name] ?? []) as readonly T[]));
        cursor = (page.next as string | null | undefined) ?? null;
      } while (cursor !== null);
      return entries;
    },
  };
}

function problemOf(status: number, text: string, url: string): CommandError {
  if (status === 401 || status === 403) {
    return new CommandError(
      `The admin listener ${url} refused the admin token: name its file by --admin-token-file`,
      exitCodes.refused,
    );
  }
  let detail: unknown;
  try {
    detail = (JSON.parse(text) as { readonly detail?: unknown }).detail;
  } catch {
    // Not ours: the status has to do.
  }
  return new CommandError(typeof detail === 'string' ? detail : `${url} answers ${status}: it is no admin listener`);
}

function parse(text: string, url: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    throw new CommandError(`${url} answers, but not as an admin listener does`);
  }
}

function reasonOf(error: unknown): string {
  const { cause, name, message } = error as Error & { readonly cause?: { readonly code?: string } };
  return cause?.code ?? (name === 'TimeoutError' ? 'no answer in time' : message);
}
