import { askingAllTargets, withIdleTargets, withIdleVisitors } from './crowd.js';
import { bareGet, browserGet, browserPost } from './load/requests.js';
import type { Comparison, Row } from './row.js';
import { bodyRow } from './rows/body-row.js';
import { idleMemoryRow } from './rows/idle-memory-row.js';
import { loadRow } from './rows/load-row.js';
import { pacedRow } from './rows/paced-row.js';
import { recoveryRow } from './rows/recovery-row.js';
import { stallRow } from './rows/stall-row.js';
import { direct, farHop, forwarding, gateway, nginx } from './subjects.js';

const proxies = { nginx, gateway: gateway() };
const subjects = { direct: direct(), ...proxies };
const overNginx: readonly Comparison[] = [
  { figure: 'requests/s', subject: 'gateway', against: 'nginx' },
  { figure: 'CPU us', subject: 'gateway', against: 'nginx' },
];
/** What is possible at all, and how much of it is reached: the same whatever a system call costs on the machine. */
const ceiling: readonly Comparison[] = [
  { figure: 'requests/s', subject: 'direct', against: 'nginx' },
  { figure: 'requests/s', subject: 'gateway', against: 'direct' },
];

/** What a row does not say otherwise. */
const usual = { request: browserGet, visitors: 64, subjects: proxies, comparisons: overNginx };

const GiB = 2 ** 30;
const MiB = 2 ** 20;
const bodies = {
  bytes: GiB,
  quickBytes: 64 * MiB,
  subjects: { ...proxies, polling: gateway('poll') },
  comparisons: [
    { figure: 'MB/s', subject: 'gateway', against: 'nginx' },
    { figure: 'MB/s', subject: 'polling', against: 'nginx' },
  ],
};
const farBodies = {
  bytes: 100 * MiB,
  quickBytes: 10 * MiB,
  subjects: {
    direct: direct(farHop),
    gateway: gateway('websocket', farHop),
    polling: gateway('poll', farHop),
  },
  comparisons: [
    { figure: 'MB/s', subject: 'gateway', against: 'direct' },
    { figure: 'MB/s', subject: 'polling', against: 'direct' },
  ],
};

/** All rows, in the order in which they are measured. A new comparison is an entry here; what it has to reach is in `budgets.json`. */
export const ROWS: readonly Row[] = [
  loadRow({
    ...usual,
    name: 'bare',
    title: 'Bare request, 64 visitors',
    request: bareGet,
    subjects,
    comparisons: [...overNginx, ...ceiling],
  }),
  loadRow({
    ...usual,
    name: '15-fields',
    title: '15 fields, 64 visitors',
    subjects,
    comparisons: [
      ...overNginx,
      ...ceiling,
      { figure: 'connector + app us', subject: 'gateway', against: 'direct', againstFigure: 'app us' },
    ],
  }),
  loadRow({
    ...usual,
    name: 'polling',
    title: '15 fields, 64 visitors, strict long polling',
    subjects: { nginx, polling: gateway('poll') },
    comparisons: [
      { figure: 'requests/s', subject: 'polling', against: 'nginx' },
      { figure: 'CPU us', subject: 'polling', against: 'nginx' },
    ],
  }),
  loadRow({
    ...usual,
    name: 'forwarding',
    title: '15 fields, 64 visitors, forwarding to a server that listens (rhttp connect PORT)',
    subjects: { nginx, forwarding },
    comparisons: [
      { figure: 'requests/s', subject: 'forwarding', against: 'nginx' },
      { figure: 'CPU us', subject: 'forwarding', against: 'nginx' },
    ],
  }),
  loadRow({ ...usual, name: '8-visitors', title: '15 fields, 8 visitors', visitors: 8 }),
  loadRow({
    ...usual,
    name: '1-visitor',
    title: '15 fields, 1 visitor',
    visitors: 1,
    subjects: { ...subjects, polling: gateway('poll') },
    comparisons: [
      { figure: 'p50 ms', subject: 'gateway', against: 'direct' },
      { figure: 'p50 ms', subject: 'nginx', against: 'direct' },
      { figure: 'p50 ms', subject: 'polling', against: 'direct' },
    ],
  }),
  loadRow({ ...usual, name: '256-visitors', title: '15 fields, 256 visitors', visitors: 256 }),
  loadRow({ ...usual, name: '1-kib', title: '15 fields, 64 visitors, answers of 1 KiB', query: '?bytes=1024' }),
  loadRow({ ...usual, name: '16-kib', title: '15 fields, 64 visitors, answers of 16 KiB', query: '?bytes=16384' }),
  loadRow({ ...usual, name: 'post', title: 'POST of 1 KiB, 64 visitors', request: browserPost(1024) }),
  loadRow({
    ...usual,
    name: 'slow-tenth',
    title: '15 fields, 64 visitors, one answer in ten takes 100 ms',
    query: '?slow',
  }),
  bodyRow({ ...bodies, name: 'download', title: 'A body of 1 GiB down', direction: 'down' }),
  bodyRow({ ...bodies, name: 'upload', title: 'A body of 1 GiB up', direction: 'up' }),
  bodyRow({
    ...farBodies,
    name: 'far-download',
    title: '100 MiB down, over 100 ms and 200 Mbit/s',
    direction: 'down',
  }),
  bodyRow({ ...farBodies, name: 'far-upload', title: '100 MiB up, over 100 ms and 200 Mbit/s', direction: 'up' }),
  loadRow({
    ...usual,
    name: 'targets',
    title: '15 fields, 64 visitors, 10,000 targets',
    subjects: { one: gateway(), idle: withIdleTargets, all: askingAllTargets },
    comparisons: [
      { figure: 'CPU us', subject: 'idle', against: 'one' },
      { figure: 'CPU us', subject: 'all', against: 'one' },
      { figure: 'gateway us', subject: 'all', against: 'one' },
    ],
  }),
  loadRow({
    ...usual,
    name: 'idle-visitors',
    title: '15 fields, 64 visitors beside 10,000 that are idle',
    subjects: { nginx: withIdleVisitors(nginx), gateway: withIdleVisitors(gateway()), alone: gateway() },
    comparisons: [...overNginx, { figure: 'CPU us', subject: 'gateway', against: 'alone' }],
  }),
  idleMemoryRow,
  pacedRow({
    name: 'fixed-rate',
    title: '15 fields, 64 visitors, 5,000 requests/s',
    perSecond: 5_000,
    visitors: 64,
    subjects: { ...subjects, polling: gateway('poll') },
    comparisons: ['p50 ms', 'p99 ms', 'p99.9 ms'].flatMap((figure) => [
      { figure, subject: 'gateway', against: 'nginx' },
      { figure, subject: 'polling', against: 'nginx' },
    ]),
  }),
  stallRow,
  recoveryRow,
];
