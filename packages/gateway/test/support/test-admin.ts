import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { type AdminListener, type AdminListenerOptions, createAdminListener } from '../../src/admin/admin-listener.js';
import { type FakeOperations, fakeOperations } from './fake-operations.js';
import { until } from './test-gateway.js';

/** An answer of the admin listener. */
export interface AdminReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: any;
}

/** An event stream as it is read. */
export interface EventReader {
  readonly response: IncomingMessage;
  seen(): string;
  forget(): void;
  until(part: string): Promise<void>;
}

/** An admin listener over a gateway of which nothing else is there. */
export interface TestAdmin {
  readonly listener: AdminListener;
  readonly url: string;
  readonly operations: FakeOperations;
  /** What `onError` heard. */
  readonly errors: unknown[];
  /** Sends a request with the admin token, unless `fields` say otherwise. */
  ask(method: string, path: string, body?: string, fields?: Record<string, string>): Promise<AdminReply>;
  events(): Promise<EventReader>;
  close(): Promise<void>;
}

/** Starts an admin listener on a free port. */
export async function startTestAdmin(
  operations: FakeOperations = fakeOperations(),
  more: Partial<AdminListenerOptions> = {},
): Promise<TestAdmin> {
  const errors: unknown[] = [];
  const listener = createAdminListener({ port: 0, operations, onError: (error) => errors.push(error), ...more });
  const url = await listener.listen();
  const readers: EventReader[] = [];

  async function send(method: string, path: string, body?: string, fields = {}): Promise<IncomingMessage> {
    const headers = { Authorization: `Bearer ${listener.token}`, ...fields };
    const request = httpRequest(url + path, { method, headers, agent: false });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  }

  return {
    listener,
    url,
    operations,
    errors,
    async ask(method, path, body, fields) {
      const response = await send(method, path, body, fields);
      const { statusCode, headers } = response;
      const content = await text(response);
      const isJson = content !== '' && /json/.test(headers['content-type'] ?? '');
      return { status: statusCode!, headers, text: content, json: isJson ? JSON.parse(content) : undefined };
    },
    async events() {
      const reader = readEvents(await send('GET', '/api/v1/events'));
      readers.push(reader);
      return reader;
    },
    async close() {
      for (const { response } of readers) response.destroy();
      await listener.close();
    },
  };
}

function readEvents(response: IncomingMessage): EventReader {
  let seen = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    seen += chunk;
  });
  response.on('error', () => {});
  return {
    response,
    seen: () => seen,
    forget() {
      seen = '';
    },
    until: (part) => until(() => seen.includes(part), `never came: ${part}`),
  };
}

/** Checks that an answer is a problem document. */
export function expectProblem(answer: AdminReply, status: number, problem: string): void {
  expect(answer.json).toEqual({
    type: `/.well-known/reverse-http/problems/${problem}`,
    title: expect.any(String),
    status,
    detail: expect.any(String),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
}
