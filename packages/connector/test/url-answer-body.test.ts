import { Slab } from '@reverse-http/protocol/pipe';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerBody } from '../src/node/origin/answer-body.js';

describe('the bytes of an answer', () => {
  it('come out as they went in, whatever the pieces, and leave what is shared alone', () => {
    const steps = fc.array(fc.record({ body: fc.nat(2), add: fc.nat(300), read: fc.nat(300), large: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (all) => {
        // A small block, so that pieces end where it ends.
        const slab = new Slab(100, (size) => Buffer.alloc(size));
        const bodies = Array.from({ length: 3 }, () => ({
          body: new AnswerBody({ onRoom() {}, onTaken() {} }, slab),
          sent: [] as number[],
          got: [] as number[],
        }));
        const into = new Uint8Array(12_000);
        const drain = ({ body, got }: (typeof bodies)[number], count: number): void => {
          const end = body.read(into, 0, count);
          got.push(...into.subarray(0, end));
        };
        let next = 0;
        for (const { body: index, add, read, large } of all) {
          const one = bodies[index]!;
          const count = large ? add * 40 : add % 101;
          const bytes = Uint8Array.from({ length: count }, () => next++ % 251);
          one.body.add(bytes, 0, count, slab);
          one.sent.push(...bytes);
          drain(one, read);
        }
        for (const one of bodies) {
          one.body.end(undefined);
          while (!one.body.ended) drain(one, into.length);
          expect(one.got).toEqual(one.sent);
        }
      }),
    );
  });

  it('that end where the shared block ends do not go on at its beginning', () => {
    const slab = new Slab(100, (size) => Buffer.alloc(size));
    const owner = { onRoom() {}, onTaken() {} };
    const other = new AnswerBody(owner, slab);
    const body = new AnswerBody(owner, slab);
    const into = new Uint8Array(100);
    other.add(new Uint8Array(40).fill(1), 0, 40, slab);
    body.add(new Uint8Array(60).fill(2), 0, 60, slab);
    body.read(into, 0, 30);
    body.add(new Uint8Array(50).fill(3), 0, 50, slab);
    expect(other.read(into, 0, 100)).toBe(40);
    expect(into.subarray(0, 40)).toEqual(new Uint8Array(40).fill(1));
    expect(body.read(into, 0, 100)).toBe(80);
    expect([...into.subarray(0, 80)]).toEqual([...Array(30).fill(2), ...Array(50).fill(3)]);
  });

  it('say when there is room again, and when all is taken', () => {
    const heard: string[] = [];
    const slab = new Slab();
    const body = new AnswerBody({ onRoom: () => heard.push('room'), onTaken: () => heard.push('taken') }, slab);
    const into = new Uint8Array(200_000);
    body.add(into, 0, 130_000, slab);
    body.read(into, 0, 60_000);
    expect(heard).toEqual([]);
    body.read(into, 0, 10_000);
    expect(heard).toEqual(['room']);
    body.end(undefined);
    body.read(into, 0, 200_000);
    expect(heard).toEqual(['room', 'taken']);
    expect(body.ended).toBe(true);
  });
});
