import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { expect, vi } from 'vitest';
import { hashOfPattern, patternedBytes } from '../support/test-server.js';
import type { Stage } from './stage.js';

/** Something that a server is for its visitors, whatever connector stands before it. */
export interface ConnectorCase {
  /** What is true of it, in the words of the table of results. */
  readonly name: string;
  /** Throws when it is not so. */
  run(stage: Stage): Promise<void>;
}

const large = 16 * 1024 * 1024;

/** All of them. */
export const connectorCases: readonly ConnectorCase[] = [
  {
    name: 'a GET is answered',
    async run({ url }) {
      const response = await fetch(`${url}hello`);
      expect([response.status, await response.text()]).toEqual([200, 'hello']);
    },
  },
  {
    name: 'a path that it does not have is 404',
    async run({ url }) {
      expect((await fetch(`${url}nothing-here`)).status).toBe(404);
    },
  },
  {
    name: 'a HEAD is answered with the length, and no body',
    async run({ url }) {
      const response = await fetch(`${url}down?bytes=12345`, { method: 'HEAD' });
      expect([response.status, response.headers.get('content-length')]).toEqual([200, '12345']);
      expect((await response.arrayBuffer()).byteLength).toBe(0);
      await expectServes(url);
    },
  },
  {
    name: 'an answer of no bytes is whole',
    async run({ url }) {
      expect((await (await fetch(`${url}down?bytes=0`)).arrayBuffer()).byteLength).toBe(0);
    },
  },
  {
    name: '16 MiB come down unchanged',
    run: ({ url }) => expectDownload(url),
  },
  {
    name: '16 MiB go up unchanged',
    run: ({ url }) => expectUpload(url),
  },
  {
    name: 'a body without a length goes up unchanged',
    async run({ url }) {
      const upload = request(`${url}up`, { method: 'POST' });
      for (const piece of patternedBytes(300_000)) upload.write(piece);
      upload.end();
      expect(await textOf(await responseTo(upload))).toBe(hashOfPattern(300_000));
    },
  },
  {
    name: 'who expects 100-continue is told to',
    async run({ url }) {
      const upload = request(`${url}up`, {
        method: 'POST',
        headers: { Expect: '100-continue', 'Content-Length': 8 },
      });
      upload.flushHeaders();
      await once(upload, 'continue');
      upload.end(Buffer.alloc(8));
      expect(await textOf(await responseTo(upload))).toBe(hashOfPattern(8));
    },
  },
  {
    name: 'a body that nobody reads does not keep its answer back',
    async run({ url }) {
      const response = await fetch(`${url}nothing-here`, { method: 'POST', body: new Uint8Array(large) }).catch(
        () => {},
      );
      if (response) expect(response.status).toBe(404);
      await expectServes(url);
    },
  },
  {
    name: '20 requests at once are answered, each with its own answer',
    async run({ url }) {
      const sizes = Array.from({ length: 20 }, (_, i) => 1000 * i + 1);
      const hashes = sizes.map(async (bytes) => hashOf(await fetch(`${url}down?bytes=${bytes}`)));
      expect(await Promise.all(hashes)).toEqual(sizes.map(hashOfPattern));
    },
  },
  {
    name: 'an event stream says what it has to say at once',
    async run({ url }) {
      const streams = await Promise.all(['one', 'two'].map((id) => openEvents(url, id)));
      for (const text of ['first', 'second']) {
        for (const { id, next } of streams) {
          await (await fetch(`${url}say?id=${id}&text=${text}-${id}`)).arrayBuffer();
          expect(await next()).toBe(`data: ${text}-${id}\n\n`);
        }
      }
      for (const { end } of streams) end();
    },
  },
  {
    name: 'a visitor that reads slowly keeps nobody else waiting',
    async run({ url }) {
      const slow = await responseTo(get(`${url}down?bytes=${4 * large}`));
      slow.pause();
      await expectServes(url);
      expect(await hashOf(await fetch(`${url}down?bytes=1000000`))).toBe(hashOfPattern(1_000_000));
      slow.destroy();
    },
  },
  {
    name: 'a visitor that leaves in the middle ends its request',
    async run({ url }) {
      const leaving = await responseTo(get(`${url}down?bytes=${4 * large}`));
      await once(leaving, 'readable');
      expect(await running(url)).toBe(1);
      leaving.destroy();
      await vi.waitFor(async () => expect(await running(url)).toBe(0), { timeout: 3000, interval: 10 });
      await expectServes(url);
    },
  },
  {
    name: 'an upload that breaks off ends its request',
    async run({ url }) {
      const upload = request(`${url}up`, { method: 'POST', headers: { 'Content-Length': 1000 } });
      upload.on('error', () => {});
      upload.write('a beginning');
      await vi.waitFor(async () => expect(await running(url)).toBe(1), { timeout: 3000, interval: 10 });
      upload.destroy();
      await vi.waitFor(async () => expect(await running(url)).toBe(0), { timeout: 3000, interval: 10 });
    },
  },
  {
    name: 'a wish for a protocol that it does not speak does no harm',
    async run({ url }) {
      const wish = request(`${url}hello`, { headers: { Connection: 'Upgrade', Upgrade: 'unheard-of' } });
      wish.end();
      const response = await responseTo(wish);
      expect(response.statusCode).not.toBe(101);
      response.resume();
      await expectServes(url);
    },
  },
  {
    name: 'a download goes on over cuts of its connections',
    async run({ url, hop }) {
      const whole = expectDownload(url);
      await hop.cutAfter(1_000_003, 'rst');
      await hop.cutAfter(2_000_003, 'fin');
      await whole;
    },
  },
  {
    name: 'an upload goes on over cuts of its connections',
    async run({ url, hop }) {
      const whole = expectUpload(url);
      await hop.cutAfter(1_000_003, 'rst');
      await hop.cutAfter(2_000_003, 'fin');
      await whole;
    },
  },
  {
    name: 'behind a new gateway, which does not know it, it begins anew',
    async run(stage) {
      await expectServes(stage.url);
      await stage.replaceGateway();
      await vi.waitFor(() => expectServes(stage.url), { timeout: 8000, interval: 20 });
    },
  },
];

async function expectServes(url: string): Promise<void> {
  expect(await (await fetch(`${url}hello`)).text()).toBe('hello');
}

async function expectDownload(url: string): Promise<void> {
  expect(await hashOf(await fetch(`${url}down?bytes=${large}`))).toBe(hashOfPattern(large));
}

async function expectUpload(url: string): Promise<void> {
  const upload = request(`${url}up`, { method: 'POST', headers: { 'Content-Length': large } });
  Readable.from(patternedBytes(large)).pipe(upload);
  expect(await textOf(await responseTo(upload))).toBe(hashOfPattern(large));
}

async function running(url: string): Promise<number> {
  return Number(await (await fetch(`${url}running`)).text());
}

async function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  // A visitor that leaves has an error of its own making.
  response.on('error', () => {});
  sent.on('error', () => {});
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  return text;
}

async function hashOf(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  const hash = createHash('sha256');
  for await (const piece of response.body!) hash.update(piece);
  return hash.digest('hex');
}

async function openEvents(url: string, id: string): Promise<{ id: string; next(): Promise<string>; end(): void }> {
  const response = (await responseTo(get(`${url}events?id=${id}`))).setEncoding('utf8');
  const pieces = response[Symbol.asyncIterator]();
  return {
    id,
    next: async () => (await pieces.next()).value,
    end: () => response.destroy(),
  };
}
