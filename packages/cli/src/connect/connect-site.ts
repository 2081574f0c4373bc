import { resolve } from 'node:path';
import {
  type Connection,
  type ConnectionState,
  connect,
  probeOrigin,
  ReverseHttpError,
} from '@reverse-http/connector/node';
import { usageError } from '../command-error.js';
import { type Io, writeLine } from '../io.js';
import { claimReplicaName } from '../state/replica-name.js';
import type { StateDirectory } from '../state/state-directory.js';
import type { ConnectOutput } from './connect-output.js';
import { type ConnectPlan, type PlannedSite, readCertificates } from './connect-plan.js';
import { explainTrouble } from './explain-trouble.js';
import { hostLabel, replicasOf } from './replicas-of.js';

/** Connects one server, and says what comes of it. */
export function connectSite(
  plan: ConnectPlan,
  site: PlannedSite,
  state: StateDirectory,
  output: ConnectOutput,
  io: Io,
): Connection {
  const { flags, gateway, token } = plan;
  const own = flags.replica === undefined ? claimReplicaName(state, gateway, site.target) : undefined;
  const replica = flags.replica ?? own!.name;
  const note = (line: string): void => writeLine(io.stderr, line);
  const tell = createTeller(plan, site, replica, state, output, io);
  const { keepAlive, transport = 'auto' } = flags;
  const origin = originOptions(site, io);
  try {
    const connection = connect(originOf(site, io), {
      gateway,
      target: site.target,
      transport,
      replica,
      labels: { ...hostLabel(), ...flags.label },
      onRefused: plan.onRefused === 'exit' ? 'close' : 'retry',
      ...(token ? { token: () => token.read() } : {}),
      ...(typeof keepAlive === 'number' ? { keepAlive } : {}),
      ...(flags.allowCleartext ? { allowCleartext: true } : {}),
      ...(flags.caFile === undefined ? {} : { tls: { ca: readCertificates(flags.caFile, '--ca-file', io) } }),
      origin: { ...origin, onState: (found) => found.state === 'refused' && note(found.message) },
      onState: tell,
      onError: (error, request) => {
        if (request) note(`${request.method} ${request.url}: ${messageOf(error)}`);
        // What else has no request is a state.
        else if (isBadAnswer(error)) note(`A visitor got 502 bad-answer: ${error.message}`);
      },
      logger: {
        info() {},
        // All other trouble is a state, and told as one.
        warn: (message) => message.startsWith('Notice from ') && note(message),
        error: note,
      },
    });
    tell({ state: 'connecting' });
    hintWhereNothingListens(site, origin, note, io);
    void connection.closed.then(() => own?.release());
    return connection;
  } catch (error) {
    own?.release();
    throw isNoOrigin(error) ? usageError(error.message.replace(/^handler: /, '')) : error;
  }
}

/** Tells of each state, in their order although some have to be asked about first. */
function createTeller(
  plan: ConnectPlan,
  site: PlannedSite,
  replica: string,
  stateDirectory: StateDirectory,
  output: ConnectOutput,
  io: Io,
): (state: ConnectionState) => void {
  const connected = { target: site.target, origin: displayOf(site.to), gateway: plan.gateway };
  const named = new Set<string>([replica]);
  let told: Promise<void> = Promise.resolve();
  const tell = async (state: ConnectionState): Promise<void> => {
    const explanation = explainTrouble(state, plan, site.target);
    const replicas = state.state === 'ready' ? await replicasOf(site.target, plan.gateway, stateDirectory) : undefined;
    output.state(connected, state, { replicas: replicas?.length ?? null, explanation });
    for (const other of replicas ?? []) {
      if (named.has(other.replica)) continue;
      named.add(other.replica);
      const where = other.host === undefined ? '' : ` on host ${other.host}`;
      writeLine(io.stderr, `${site.target} is shared with replica ${other.replica}${where}.`);
    }
  };
  return (state) => {
    told = told.then(() => tell(state));
  };
}

function originOf({ to }: PlannedSite, { cwd }: Io): string {
  return to.startsWith('unix:') ? `unix:${resolve(cwd, to.slice('unix:'.length))}` : to;
}

function originOptions(site: PlannedSite, io: Io): { hostHeader?: string; ca?: string; insecure?: boolean } {
  const { hostHeader, originCa, originInsecure } = site;
  return {
    ...(hostHeader === undefined ? {} : { hostHeader }),
    ...(originCa === undefined ? {} : { ca: readCertificates(originCa, '--origin-ca', io) }),
    ...(originInsecure ? { insecure: true } : {}),
  };
}

/** Said at the start, before a visitor finds out. */
function hintWhereNothingListens(
  site: PlannedSite,
  options: ReturnType<typeof originOptions>,
  note: (line: string) => void,
  io: Io,
): void {
  void probeOrigin(originOf(site, io), options).then((found) => {
    if (found.state === 'refused') note(found.message);
  });
}

/** Where requests go, as a URL where it is one. */
function displayOf(to: string): string {
  if (/^\d+$/.test(to)) return `http://127.0.0.1:${to}`;
  return /^(?:https?:\/\/|unix:)/i.test(to) ? to : `http://${to}`;
}

/** What is typed has no name on the command line. */
function isNoOrigin(error: unknown): error is ReverseHttpError {
  return error instanceof ReverseHttpError && error.message.startsWith('handler: ');
}

function isBadAnswer(error: unknown): error is ReverseHttpError {
  return error instanceof ReverseHttpError && error.code === 'bad-answer';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
