import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamTable } from '../../src/mux/stream-table.js';

test('entries come, go and are found as in a map, whatever collides', () => {
  const ids = fc.oneof(
    fc.nat(60),
    fc.nat(20).map((n) => n * 1024),
    fc.nat(20).map((n) => Number.MAX_SAFE_INTEGER - n * 64),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), ids), { maxLength: 300 }), (steps) => {
      const table = new StreamTable<{ id: number }>();
      const model = new Map<number, { id: number }>();
      for (const [adds, id] of steps) {
        if (!adds) expect(table.delete(id)).toBe(model.delete(id));
        else if (!model.has(id)) {
          const entry = { id };
          table.add(entry);
          model.set(id, entry);
        }
        expect(table.size).toBe(model.size);
      }
      for (const [, id] of steps) expect(table.get(id)).toBe(model.get(id));
      expect(new Set(table.values())).toEqual(new Set(model.values()));
    }),
  );
});
