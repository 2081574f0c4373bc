import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createSharedRead } from '../../src/front/http1/shared-read.js';

test('what cannot share the buffer is read in the ordinary way', async () => {
  const stream = new PassThrough().pause(); // As a server hands it out.
  const pieces: string[] = [];
  const shares = createSharedRead().start(stream, (bytes) => void pieces.push(Buffer.from(bytes).toString()));
  expect(shares).toBe(false);
  stream.end('hello');
  await new Promise((resolve) => stream.on('end', resolve));
  expect(pieces).toEqual(['hello']);
});
