import { expect, test } from 'vitest';
import { createKeptBlocks, KeptBody } from '../../src/forward/kept-body.js';
import { sourceOf } from '../support/scripted-connector.js';

const blocks = createKeptBlocks(); // What one body gave back serves the next.

function read(body: KeptBody, most: number): string {
  const into = new Uint8Array(most + 2);
  const count = body.read(into, 1, most + 1);
  expect([into[0], into[most + 1]]).toEqual([0, 0]); // Nothing is written beside the room.
  return Buffer.from(into.subarray(1, count + 1)).toString('latin1');
}

function readAll(body: KeptBody, most: number): string {
  let text = '';
  while (!body.ended) text += read(body, most);
  return text;
}

test('is read again from its beginning, in any pieces, and on to its end', () => {
  for (const first of [0, 1, 4, 10]) {
    for (const most of [1, 3, 100]) {
      const body = new KeptBody(sourceOf('0123456789', 'A: b\r\n\r\n'), blocks);
      for (let left = first; left > 0; left--) read(body, 1);
      expect(body.rewind()).toBe(true);
      expect(body.ended).toBe(false);
      expect(readAll(body, most)).toBe('0123456789');
      expect(body.trailers).toBeDefined();
      expect(body.rewind()).toBe(true);
      expect(readAll(body, most)).toBe('0123456789');
    }
  }
});

test('once forgotten it cannot be read again', () => {
  const body = new KeptBody(sourceOf('0123456789'), blocks);
  read(body, 5);
  body.forget();
  expect(body.rewind()).toBe(false);
  expect(readAll(body, 3)).toBe('56789');
});

test('forgotten while it is read again, it loses nothing', () => {
  const body = new KeptBody(sourceOf('0123456789'), blocks);
  read(body, 8);
  body.rewind();
  expect(read(body, 3)).toBe('012');
  body.forget(); // The second connector answers before it got all.
  expect(readAll(body, 2)).toBe('3456789');
  expect(body.rewind()).toBe(false);
});

test('64 KiB can be read again, more cannot', () => {
  const most = 64 * 1024;
  const fits = new KeptBody(sourceOf('x'.repeat(most)), blocks);
  readAll(fits, 1000);
  expect(fits.rewind()).toBe(true);
  expect(readAll(fits, 1000).length).toBe(most);
  const longer = new KeptBody(sourceOf('x'.repeat(most + 1)), blocks);
  readAll(longer, 1000);
  expect(longer.rewind()).toBe(false);
  expect(longer.ended).toBe(true);
});
