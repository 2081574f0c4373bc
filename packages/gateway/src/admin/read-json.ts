import type { IncomingMessage } from 'node:http';
import { ReverseHttpError } from '@reverse-http/protocol/errors';

/** Longest body of a request to the admin listener, bytes; more is refused with 413. */
const maxAdminBodyBytes = 64 * 1024;

/**
 * Reads a body that is a JSON object with no members but those named; an empty one reads as `{}`. The type is not asked
 * for, so that `curl -d` does.
 *
 * @throws ReverseHttpError `body-too-large`, `bad-option`
 */
export async function readJson(
  request: IncomingMessage,
  members: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const text = await readText(request);
  if (text.trim() === '') return {};
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad('the body: expected a JSON object');
  for (const name of Object.keys(value)) {
    if (!members.includes(name)) throw bad(`${name}: there is no such member, only ${members.join(', ')}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  assertFits(Number(request.headers['content-length'] ?? 0));
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    assertFits(size);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function assertFits(size: number): void {
  if (size > maxAdminBodyBytes) throw new ReverseHttpError('body-too-large', `at most ${maxAdminBodyBytes} bytes`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw bad(`the body is not JSON: ${(error as Error).message}`);
  }
}

function bad(message: string): ReverseHttpError {
  return new ReverseHttpError('bad-option', message);
}
