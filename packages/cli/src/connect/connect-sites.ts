import { resolve } from 'node:path';
import {
  byTarget,
  type CloseReason,
  type Connection,
  type ConnectionState,
  connect,
  type OriginState,
  probeOrigin,
  type RegisteredTarget,
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

/** A connection that is told of. */
export interface ToldConnection {
  readonly connection: Connection;
  /** Why it ended, when all of it has been told. */
  readonly ended: Promise<CloseReason>;
}

/** Connects the servers over one session, and says what comes of it. */
export function connectSites(plan: ConnectPlan, state: StateDirectory, output: ConnectOutput, io: Io): ToldConnection {
  const { flags, gateway, sites, token } = plan;
  const note = (line: string): void => writeLine(io.stderr, line);
  const origins = sites.map((site) => forwardedTo(site, note, io));
  // One name for the whole session: that of its first target.
  const own = flags.replica === undefined ? claimReplicaName(state, gateway, sites[0]!.target) : undefined;
  const replica = flags.replica ?? own!.name;
  const teller = createTeller(plan, replica, state, output, io);
  const { keepAlive, transport = 'auto' } = flags;
  const handlers = Object.fromEntries(sites.map(({ target }, i) => [target, origins[i]!]));
  try {
    const connection = connect(byTarget(handlers), {
      gateway,
      transport,
      replica,
      labels: { ...hostLabel(), ...flags.label },
      onRefused: plan.onRefused === 'exit' ? 'close' : 'retry',
      ...(token ? { token: () => token.read() } : {}),
      ...(typeof keepAlive === 'number' ? { keepAlive } : {}),
      proxy: plan.proxy ?? false,
      ...(flags.allowCleartext ? { allowCleartext: true } : {}),
      ...(flags.caFile === undefined ? {} : { tls: { ca: readCertificates(flags.caFile, '--ca-file', io) } }),
      onState: (state) => teller.tell(state, state.state === 'ready' ? inOrder(sites, connection.targets) : []),
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
    teller.tell({ state: 'connecting' }, []);
    // Before a visitor finds out.
    for (const { to, ...options } of origins) void probeOrigin(to, options).then(options.onState);
    const ended = connection.closed.then(async (reason) => {
      own?.release();
      await teller.told();
      return reason;
    });
    return { connection, ended };
  } catch (error) {
    own?.release();
    throw inWordsOfTheCommand(error);
  }
}

interface Teller {
  tell(state: ConnectionState, targets: readonly RegisteredTarget[]): void;
  /** Resolves when what there is to tell was told. */
  told(): Promise<void>;
}

/** Tells of each state, in their order although some have to be asked about first. */
function createTeller(
  plan: ConnectPlan,
  replica: string,
  stateDirectory: StateDirectory,
  output: ConnectOutput,
  io: Io,
): Teller {
  const { gateway, sites } = plan;
  const connected = sites.map(({ target, to }) => ({ target, origin: displayOf(to) }));
  const named = new Set<string>();
  let told: Promise<void> = Promise.resolve();
  const tell = async (state: ConnectionState, targets: readonly RegisteredTarget[]): Promise<void> => {
    const explanation = explainTrouble(state, plan);
    const others = await Promise.all(
      connected.map(({ target }) =>
        state.state === 'ready' ? replicasOf(target, gateway, stateDirectory) : undefined,
      ),
    );
    const replicas = others.map((each) => each?.length ?? null);
    output.state(connected, state, { gateway, targets, replicas, explanation });
    connected.forEach(({ target }, i) => {
      for (const other of others[i] ?? []) {
        const key = `${target} ${other.replica}`;
        if (other.replica === replica || named.has(key)) continue;
        named.add(key);
        const where = other.host === undefined ? '' : ` on host ${other.host}`;
        writeLine(io.stderr, `${target} is shared with replica ${other.replica}${where}.`);
      }
    });
  };
  return {
    tell(state, targets) {
      told = told.then(() => tell(state, targets));
    },
    told: () => told,
  };
}

/** As the sites stand: an object puts names that are numbers first. */
function inOrder(sites: readonly PlannedSite[], targets: readonly RegisteredTarget[]): readonly RegisteredTarget[] {
  const byId = new Map(targets.map((each) => [each.target.toLowerCase(), each]));
  return sites.map(({ target }) => byId.get(target.toLowerCase())!);
}

function forwardedTo({ to, hostHeader, originCa, originInsecure }: PlannedSite, note: (line: string) => void, io: Io) {
  return {
    to: to.startsWith('unix:') ? `unix:${resolve(io.cwd, to.slice('unix:'.length))}` : to,
    ...(hostHeader === undefined ? {} : { hostHeader }),
    ...(originCa === undefined ? {} : { ca: readCertificates(originCa, '--origin-ca', io) }),
    ...(originInsecure ? { insecure: true } : {}),
    onState: createOriginHint(note),
  };
}

/** Says once what is wrong with a server, whoever finds out, until it is mended. */
function createOriginHint(note: (line: string) => void): (found: OriginState) => void {
  let last: string | undefined;
  return (found) => {
    const line = found.state === 'refused' ? found.message : undefined;
    if (line !== undefined && line !== last) note(line);
    last = line;
  };
}

/** Where requests go, as a URL where it is one. */
function displayOf(to: string): string {
  if (/^\d+$/.test(to)) return `http://127.0.0.1:${to}`;
  return /^(?:https?:\/\/|unix:)/i.test(to) ? to : `http://${to}`;
}

/** What the library says of an option, with the names that it has on the command line; what is connected has none. */
function inWordsOfTheCommand(error: unknown): unknown {
  if (!(error instanceof ReverseHttpError && error.code === 'bad-option')) return error;
  const { message } = error;
  return usageError(
    message
      .replace(/^handler: /, '')
      .replace(/^proxy: /, '--proxy: ')
      .replace(
        /^token: would(.*), or set allowCleartext$/,
        'The token would$1, or --allow-cleartext where the network is yours',
      ),
  );
}

function isBadAnswer(error: unknown): error is ReverseHttpError {
  return error instanceof ReverseHttpError && error.code === 'bad-answer';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
