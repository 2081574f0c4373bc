// Child process: a hop that is far away, in front of a server.

import { startMiddleman } from '../link/start-middleman.js';
import { reportReady } from './report-ready.js';

const { url } = await startMiddleman(process.env.BENCH_BEHIND ?? '', {
  roundTripMs: Number(process.env.BENCH_ROUND_TRIP_MS),
  megabitsPerSecond: Number(process.env.BENCH_MEGABITS),
});
reportReady({ url });
