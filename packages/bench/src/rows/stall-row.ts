import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { runPacedLoad } from '../load/paced-load.js';
import { browserGet } from '../load/requests.js';
import type { Measure, Row } from '../row.js';
import type { Stage } from '../stage.js';
import { gateway, VISITED_PATH } from '../subjects.js';

const bodyBytes = 2 ** 30;
/** Until every buffer on the way is full, ms: filling them is work for everybody, but not what standing still costs. */
const fillingMs = 500;
const load = { perSecond: 2_000, visitors: 64 };
/** Its measurements take so many times `--seconds`: the p99 of a few thousand requests is what a few collections make it. */
const timesLonger = 3;

/** One visitor asks for a large body and stops reading it, while others ask the same target. */
export const stallRow: Row = {
  name: 'stall',
  title: '64 visitors at 2,000 requests/s while another one stopped reading a body of 1 GiB',
  subjects: ['websocket', 'websocket, stalled', 'polling', 'polling, stalled'],
  comparisons: [
    { figure: 'p99 ms', subject: 'websocket, stalled', against: 'websocket' },
    { figure: 'p99 ms', subject: 'polling, stalled', against: 'polling' },
  ],
  async start(stage) {
    const byWebSocket = await started(stage, 'websocket');
    const byPolling = await started(stage, 'poll');
    return {
      websocket: byWebSocket.alone,
      'websocket, stalled': byWebSocket.stalled,
      polling: byPolling.alone,
      'polling, stalled': byPolling.stalled,
    };
  },
};

async function started(stage: Stage, transport: 'websocket' | 'poll'): Promise<Record<'alone' | 'stalled', Measure>> {
  const { origin } = await gateway(transport)(stage);
  const url = new URL(VISITED_PATH, origin);
  const { signal } = stage;
  const alone: Measure = ({ seconds }) =>
    runPacedLoad({ ...load, url, request: browserGet(url), seconds: seconds * timesLonger, signal });
  const stalled: Measure = async (effort) => {
    const stop = await stall(new URL(`?stream=${bodyBytes}`, url));
    try {
      await pause(fillingMs, undefined, { signal });
      return await alone(effort);
    } finally {
      stop();
    }
  };
  return { alone, stalled };
}

/** Asks, reads the first bytes, and nothing more until it is stopped. */
async function stall(url: URL): Promise<() => void> {
  const socket = connect(Number(url.port), url.hostname).on('error', () => {});
  socket.write(browserGet(url));
  await once(socket, 'readable');
  return () => void socket.destroy();
}
