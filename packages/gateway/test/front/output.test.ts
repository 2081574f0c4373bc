import { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { Output } from '../../src/front/http1/output.js';
import { OutputBlocks } from '../../src/front/http1/output-blocks.js';
import { createRandom } from '../support/random.js';
import { readAnswer } from '../support/read-answers.js';
import { scanAnswer, startFront } from '../support/test-front.js';

test('what several visitors get at the same time is never mixed', async () => {
  const seed = Date.now() % 2 ** 31;
  const random = createRandom(seed);
  const front = await startFront();
  onTestFinished(() => front.close());
  const visitors = await Promise.all(
    Array.from({ length: 6 }, (_, i) => front.connect(`GET /${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)),
  );
  const visits = await Promise.all(visitors.map(() => front.next()));
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
  for (const [i, visitor] of visitors.entries()) {
    const { body, whole } = readAnswer(await visitor.closed());
    const { written } = running.find(({ name }) => name === String(i))!;
    if (!whole || body.length !== written || body !== String(i).repeat(written)) throw new Error(`seed ${seed}: ${i}`);
  }
  expect(front.outcomes).toHaveLength(6);
});

/** A socket that takes what is written when it is told to, and not before: until then it refers to it. */
class SlowSocket extends Duplex {
  taken = '';
  #take: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 16 * 1024 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken += chunk.toString('latin1');
      done();
    };
  }

  override _read(): void {}

  takeOne(): void {
    const take = this.#take;
    this.#take = undefined;
    take?.();
  }
}

test('what waits for a slow visitor is written over by nobody, and its memory serves again', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = createRandom(seed);
    const blocks = new OutputBlocks();
    const memories = new Set<ArrayBufferLike>();
    let pending: Output[] = [];
    const running = Array.from({ length: 5 }, (_, i) => {
      const socket = new SlowSocket();
      const output = new Output(socket, blocks, (one) => void pending.push(one));
      socket.on('drain', () => output.onDrain());
      return { name: String(i), socket, output, written: 0 };
    });
    for (let turn = 0; turn < 150; turn++) {
      for (let step = 0; step < 4; step++) {
        const one = random.pick(running);
        if (one.socket.writableLength > 60_000) continue;
        const size = random.pick([1, 100, 4097, 20_000, 65_536]);
        one.output.write(Buffer.alloc(size, one.name));
        memories.add(one.output.block.buffer);
        one.written += size;
      }
      for (const output of pending.splice(0)) output.flush();
      for (const { socket } of running) if (random.int(3) > 0) socket.takeOne();
      await new Promise(setImmediate);
    }
    for (const { name, socket, written } of running) {
      while (socket.writableLength > 0) {
        socket.takeOne();
        await new Promise(setImmediate);
      }
      if (socket.taken !== name.repeat(written)) throw new Error(`seed ${seed}: ${name} got other bytes`);
    }
    pending = [];
    expect(memories.size).toBeLessThan(60);
  }
});
