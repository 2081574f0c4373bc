import { createServer } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { bytesOf, createComparison, createPool, eventsOf, piecesOf, planOf } from './plan.js';

/**
 * What the handler saw of an exchange.
 *
 * @typedef {object} Entry
 * @property {number} number
 * @property {number[]} calls When it was called for it, ms since 1970.
 * @property {string} up What it thinks of the request's body.
 * @property {string} end
 */

/**
 * A server that does what the plan of `/x/NUMBER` says and keeps a ledger, which `/ledger` gives.
 *
 * @param {number} seed
 */
export function createApp(seed) {
  const pool = createPool(seed);
  /** @type {Map<number, Entry>} */
  const ledger = new Map();

  /** @param {string | undefined} path */
  function enter(path) {
    const number = Number(/^\/x\/(\d+)/.exec(path ?? '')?.[1]);
    const entry = ledger.get(number) ?? { number, calls: [], up: 'none', end: 'running' };
    ledger.set(number, entry);
    entry.calls.push(Date.now());
    return { entry, plan: planOf(seed, number) };
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function serve(request, response) {
    const { entry, plan } = enter(request.url);
    response.on('close', () => {
      entry.end = response.writableFinished ? 'answered' : 'broken off';
    });
    const came = createComparison(bytesOf(pool, plan.up));
    for await (const piece of request) came.add(piece);
    entry.up = came.verdict;
    response.setHeader('X-Number', `${entry.number}`).setHeader('X-Up', came.verdict);
    if (plan.kind === 'events') return sendEvents(plan, response);
    response.writeHead(plan.status, plan.down.isChunked ? {} : { 'Content-Length': plan.down.bytes });
    for (const piece of piecesOf(pool, plan.down)) {
      response.write(piece);
      if (plan.down.isPieced) await setImmediate();
    }
    response.end();
  }

  /** @param {import('./plan.js').Plan} plan @param {import('node:http').ServerResponse} response */
  async function sendEvents(plan, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    for (const event of eventsOf(pool, plan)) {
      await setTimeout(event.length % 20);
      response.write(event);
    }
    response.end();
  }

  const server = createServer((request, response) => {
    if (request.url === '/ledger') return void response.end(JSON.stringify([...ledger.values()]));
    serve(request, response).catch((error) => response.destroy(error));
  });
  const echo = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const { entry } = enter(request.url);
    echo.handleUpgrade(request, socket, head, (echoing) => {
      echoing.on('message', (data, isBinary) => echoing.send(data, { binary: isBinary }));
      echoing.on('close', (code) => {
        entry.end = `closed with ${code}`;
      });
    });
  });
  return server;
}
