import { bareHead, browserHead, type RequestHead } from './load/request-head.js';
import type { SubjectName } from './subjects.js';

/** What is compared: requests a second, or CPU time a request (of one role's processes, default: of all). */
export type Figure = { readonly kind: 'rate' } | { readonly kind: 'cpu'; readonly role?: string };

/** A ratio between two subjects, taken within each round. */
export interface Comparison {
  readonly figure: Figure;
  readonly subject: SubjectName;
  readonly against: SubjectName;
  /** What the ratio must reach (rate) or stay under (CPU): `floor` is required now, `budget` is where it has to get to. */
  readonly floor?: number;
  readonly budget?: number;
}

/** One setting in which several subjects are measured by turns. */
export interface Row {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  readonly head: RequestHead;
  /** Keep-alive connections that ask without pause. */
  readonly visitors: number;
  readonly subjects: readonly SubjectName[];
  readonly comparisons: readonly Comparison[];
}

const rate: Figure = { kind: 'rate' };
const cpu: Figure = { kind: 'cpu' };
const subjects = ['direct', 'nginx', 'gateway'] as const;
/** What is possible at all, and how much of it is reached: the same whatever a system call costs on the machine. */
const ceiling: readonly Comparison[] = [
  { figure: rate, subject: 'direct', against: 'nginx' },
  { figure: rate, subject: 'gateway', against: 'direct' },
];

/** All rows, in the order in which they are measured. A new one is an entry here, and one in `SUBJECTS` if it needs a new subject. */
export const ROWS: readonly Row[] = [
  {
    name: 'bare',
    title: 'Bare request, 64 visitors',
    head: bareHead,
    visitors: 64,
    subjects,
    comparisons: [
      { figure: rate, subject: 'gateway', against: 'nginx', floor: 1.4, budget: 1.6 },
      ...ceiling,
      { figure: cpu, subject: 'gateway', against: 'nginx' },
    ],
  },
  {
    name: '15-fields',
    title: '15 fields, 64 visitors',
    head: browserHead,
    visitors: 64,
    subjects,
    comparisons: [
      { figure: rate, subject: 'gateway', against: 'nginx', floor: 1.0, budget: 1.2 },
      ...ceiling,
      { figure: cpu, subject: 'gateway', against: 'nginx', floor: 0.8, budget: 0.65 },
      { figure: { kind: 'cpu', role: 'connector + app' }, subject: 'gateway', against: 'direct', budget: 0.5 },
    ],
  },
  {
    name: 'polling',
    title: '15 fields, 64 visitors, strict long polling',
    head: browserHead,
    visitors: 64,
    subjects: ['nginx', 'polling'],
    comparisons: [
      { figure: rate, subject: 'polling', against: 'nginx', floor: 0.6, budget: 0.9 },
      { figure: cpu, subject: 'polling', against: 'nginx' },
    ],
  },
  {
    name: 'forwarding',
    title: '15 fields, 64 visitors, forwarding to a server that listens (rhttp connect PORT)',
    head: browserHead,
    visitors: 64,
    subjects: ['nginx', 'forwarding'],
    comparisons: [
      { figure: rate, subject: 'forwarding', against: 'nginx', floor: 0.6, budget: 0.7 },
      { figure: cpu, subject: 'forwarding', against: 'nginx' },
    ],
  },
  {
    name: '8-visitors',
    title: '15 fields, 8 visitors',
    head: browserHead,
    visitors: 8,
    subjects,
    comparisons: [
      { figure: rate, subject: 'gateway', against: 'nginx', budget: 1.0 },
      ...ceiling,
      { figure: cpu, subject: 'gateway', against: 'nginx' },
    ],
  },
];
