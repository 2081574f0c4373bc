import { afterEach, expect, test } from 'vitest';
import { createRandom } from '../support/random.js';
import { readAnswer } from '../support/read-answers.js';
import { scanAnswer, startFront, type TestFront } from '../support/test-front.js';

let front: TestFront;
afterEach(() => front.close());

test('what several visitors get at the same time is never mixed', async () => {
  const seed = Date.now() % 2 ** 31;
  const random = createRandom(seed);
  front = await startFront();
  const visitors = await Promise.all(
    Array.from({ length: 6 }, (_, i) => front.connect(`GET /${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)),
  );
  const visits = await Promise.all(visitors.map(() => front.next()));
  // Some read nothing before all is written: what waits for them lies where nobody else writes.
  for (const { socket } of visitors.slice(0, 3)) socket.pause();
  const running = visits.map((visit) => {
    const name = String.fromCharCode(visit.head.bytes[visit.head.pathStart + 1]!);
    return { name, sink: visit.respond(scanAnswer('HTTP/1.1 200 OK'), '', false), written: 0 };
  });
  for (let turn = 0; turn < 60; turn++) {
    for (let step = 0; step < 10; step++) {
      const one = random.pick(running);
      const size = random.pick([1, 3, 100, 4095, 4096, 5000, 20_000, 65_536, 200_000]);
      one.sink.write(Buffer.alloc(size, one.name));
      one.written += size;
    }
    await new Promise(setImmediate);
  }
  for (const { sink } of running) sink.end();
  for (const { socket } of visitors) socket.resume();
  for (const [i, visitor] of visitors.entries()) {
    const { body, whole } = readAnswer(await visitor.closed());
    const { written } = running.find(({ name }) => name === String(i))!;
    if (!whole || body.length !== written || body !== String(i).repeat(written)) throw new Error(`seed ${seed}: ${i}`);
  }
  expect(front.outcomes).toHaveLength(6);
});
