import { dirname, resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import type { ConfigPath } from '../config/config-path.js';
import { type ConfigFile, type ConfigProblem, formatConfigProblem, readConfig } from '../config/read-config.js';
import { parseDuration } from '../duration.js';
import type { Io } from '../io.js';
import { targetIdPattern } from '../target-id.js';
import type { ConnectFlags, Site } from './connect-flags.js';

/** What `connect --config FILE` reads: several targets, and settings for all of them that flags win over. */
export interface SiteConfig {
  readonly sites: readonly Site[];
  readonly settings: Pick<
    ConnectFlags,
    'gateway' | 'tokenFile' | 'transport' | 'caFile' | 'proxy' | 'keepAlive' | 'label'
  >;
}

type Check = (value: unknown) => string | undefined;

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'expected a text');
const flag: Check = (value) => (typeof value === 'boolean' ? undefined : 'expected true or false');
const url: Check = (value) =>
  typeof value === 'string' && /^https?:\/\/./.test(value) && URL.canParse(value)
    ? undefined
    : 'expected a URL such as https://gw.example.com';
const transport: Check = (value) =>
  ['auto', 'websocket', 'poll'].includes(value as string) ? undefined : 'expected auto, websocket or poll';
const duration: Check = (value) =>
  value === 'auto' || (typeof value === 'string' && parseDuration(value) !== undefined)
    ? undefined
    : 'expected a time such as 15s or 5m, or auto';
const origin: Check = (value) =>
  typeof value === 'number' || (typeof value === 'string' && value !== '')
    ? undefined
    : 'expected a port, host:port, a URL or unix:PATH';
const targetId: Check = (value) =>
  typeof value === 'string' && targetIdPattern.test(value)
    ? undefined
    : 'expected a target id: 1 to 63 of A-Z a-z 0-9 . _ -, begun and ended by a letter or digit';
const labels: Check = (value) =>
  isObject(value) && Object.values(value).every((each) => typeof each === 'string')
    ? undefined
    : 'expected names with texts';
const targets: Check = (value) =>
  Array.isArray(value) && value.length > 0
    ? undefined
    : 'expected a list such as [{ target: camera-7, to: https://10.0.0.7 }]';

const fields = {
  version: one,
  gateway: url,
  tokenFile: text,
  transport,
  caFile: text,
  proxy: text,
  keepAlive: duration,
  labels,
  targets,
};
const siteFields = { target: targetId, to: origin, hostHeader: text, originCa: text, originInsecure: flag };

/** @throws CommandError with a line for each problem */
export function loadSiteConfig(name: string, io: Io): SiteConfig {
  const file = readConfig(name, io);
  const problems = file.problems.length > 0 ? file.problems : problemsOf(file);
  if (problems.length > 0) throw new CommandError(problems.map((each) => formatConfigProblem(file, each)).join('\n'));
  const value = file.value as Readonly<Record<string, never>>;
  const folder = dirname(resolve(io.cwd, name));
  const pathOf = (path: string | undefined): string | undefined => path && resolve(folder, path);
  const { gateway, transport: by, keepAlive, labels: label, tokenFile, caFile, proxy } = value;
  return {
    sites: (value.targets as unknown as readonly Readonly<Record<string, never>>[]).map((site) => ({
      target: site.target,
      to: String(site.to),
      hostHeader: site.hostHeader,
      originCa: pathOf(site.originCa),
      originInsecure: site.originInsecure ?? false,
    })),
    settings: {
      ...withoutUndefined({
        gateway,
        transport: by,
        label,
        tokenFile: pathOf(tokenFile),
        caFile: pathOf(caFile),
        proxy,
      }),
      ...(keepAlive === undefined ? {} : { keepAlive: keepAlive === 'auto' ? keepAlive : parseDuration(keepAlive)! }),
    },
  };
}

function problemsOf(file: ConfigFile): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (path: ConfigPath, message: string): void => {
    problems.push({ ...file.locate(path), message });
  };
  checkFields(file.value, fields, ['targets'], [], report);
  const list = isObject(file.value) ? file.value.targets : undefined;
  if (Array.isArray(list)) {
    list.forEach((site, i) => {
      checkFields(site, siteFields, ['target', 'to'], ['targets', i], report);
    });
    reportTwins(list, report);
  }
  return problems;
}

function reportTwins(list: readonly unknown[], report: (path: ConfigPath, message: string) => void): void {
  const seen = new Set<string>();
  list.forEach((site, i) => {
    if (!isObject(site) || typeof site.target !== 'string') return;
    if (seen.has(site.target.toLowerCase())) report(['targets', i, 'target'], `target: ${site.target} is there twice`);
    seen.add(site.target.toLowerCase());
  });
}

function checkFields(
  value: unknown,
  checks: Readonly<Record<string, Check>>,
  required: readonly string[],
  path: ConfigPath,
  report: (path: ConfigPath, message: string) => void,
): void {
  const names = Object.keys(checks);
  if (!isObject(value)) return report(path, `expected ${names.join(', ')}`);
  for (const name of required) if (value[name] === undefined) report(path, `${name} is missing`);
  for (const [name, each] of Object.entries(value)) {
    const check = checks[name];
    const message = check ? check(each) : `there is no such option; known are ${names.join(', ')}`;
    if (message !== undefined) report([...path, name], `${name}: ${message}`);
  }
}

function one(value: unknown): string | undefined {
  return value === 1 ? undefined : 'expected 1';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
