import { createCipheriv, createHash } from 'node:crypto';

/**
 * @typedef {object} Body
 * @property {number} at Where in the pool of {@link createPool} it begins.
 * @property {number} bytes
 * @property {boolean} isChunked Whether its length is told first.
 * @property {boolean} isPieced Whether it is written in pieces, or at once.
 */

/**
 * What a visitor and the handler do in one exchange. Both know it from its number, so neither has to believe the other.
 *
 * @typedef {object} Plan
 * @property {'get' | 'post' | 'events' | 'websocket'} kind
 * @property {number} status
 * @property {Body} up
 * @property {Body} down
 * @property {readonly Body[]} messages What is echoed, or are the events.
 */

/** No body is longer. */
const mostBytes = 1024 * 1024;
const statuses = [200, 200, 203, 404, 500];

/**
 * Random bytes that all bodies are pieces of, each from a place of its own: a piece that is lost, doubled, moved or of
 * another exchange differs.
 *
 * @param {number} seed
 */
export function createPool(seed) {
  const key = createHash('sha256').update(`pool ${seed}`).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(2 * mostBytes));
}

/**
 * @param {number} seed
 * @param {number} number
 * @returns {Plan}
 */
export function planOf(seed, number) {
  const dice = createHash('shake256', { outputLength: 256 }).update(`${seed} ${number}`).digest();
  let thrown = 0;
  /** In [0, 1). */
  const next = () => dice.readUInt32LE((thrown++ * 4) % dice.length) / 2 ** 32;
  const kind = kindOf(next());
  const status = kind === 'get' || kind === 'post' ? (statuses[Math.floor(next() * statuses.length)] ?? 200) : 200;
  const up = bodyOf(next, sizeOf(next));
  const down = bodyOf(next, sizeOf(next));
  const count = kind === 'events' || kind === 'websocket' ? 1 + Math.floor(next() * 12) : 0;
  const messages = Array.from({ length: count }, () => bodyOf(next, Math.floor(8192 * next() ** 4)));
  return { kind, status, up: kind === 'post' ? up : { ...up, bytes: 0 }, down, messages };
}

/**
 * @param {number} chance
 * @returns {Plan['kind']}
 */
function kindOf(chance) {
  if (chance < 0.46) return 'get';
  if (chance < 0.92) return 'post';
  return chance < 0.96 ? 'events' : 'websocket';
}

/**
 * One in ten is empty, one in ten of up to a MiB, the others small.
 *
 * @param {() => number} next
 */
function sizeOf(next) {
  const which = next();
  if (which < 0.1) return 0;
  return Math.floor((which < 0.5 ? 1024 : which < 0.9 ? 64 * 1024 : mostBytes + 1) * next());
}

/**
 * @param {() => number} next
 * @param {number} bytes
 * @returns {Body}
 */
function bodyOf(next, bytes) {
  return { at: Math.floor(next() * mostBytes), bytes, isChunked: next() < 0.5, isPieced: next() < 0.5 };
}

/**
 * A body's pieces, as they are written: a few unequal ones, or one.
 *
 * @param {Buffer} pool
 * @param {Body} body
 * @returns {Iterable<Buffer>}
 */
export function* piecesOf(pool, { at, bytes, isPieced }) {
  const end = at + bytes;
  let step = isPieced ? 1 + (at % 1500) : bytes;
  for (let from = at; from < end; step *= 3) {
    yield pool.subarray(from, Math.min(from + step, end));
    from += step;
  }
}

/**
 * What an event stream has to say, event by event.
 *
 * @param {Buffer} pool
 * @param {Plan} plan
 */
export function eventsOf(pool, { messages }) {
  return messages.map(({ at, bytes }) => `data: ${pool.toString('hex', at, at + bytes)}\n\n`);
}

/**
 * Compares what arrives with what was to come.
 *
 * @param {Buffer} expected
 */
export function createComparison(expected) {
  let seen = 0;
  let wrongAt = -1;
  return {
    /** @param {Buffer} piece */
    add(piece) {
      const part = expected.subarray(seen, seen + piece.length);
      if (wrongAt < 0 && !piece.equals(part)) wrongAt = seen + piece.findIndex((byte, i) => byte !== part[i]);
      seen += piece.length;
    },
    get isCorrupted() {
      return wrongAt >= 0;
    },
    /** `ok`, or how it differs. */
    get verdict() {
      if (wrongAt >= 0) return `differs at ${wrongAt} of ${expected.length}, ${seen} came`;
      return seen === expected.length ? 'ok' : `${seen} of ${expected.length} came`;
    },
  };
}

/**
 * @param {Buffer} pool
 * @param {Body} body
 */
export function bytesOf(pool, { at, bytes }) {
  return pool.subarray(at, at + bytes);
}
