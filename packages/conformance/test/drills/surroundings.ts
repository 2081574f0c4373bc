import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seconds, startVisitors } from './ask.js';
import { type Figures, must, sleep, type Transport, transports } from './drill.js';
import { freePort, type Gateway, type Ground } from './ground.js';

// What changes around a connector: clocks, names, addresses. Where this machine does not let us, nothing is measured.

const faketime = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const isReady = ({ event }: { readonly event: string }): boolean => event === 'ready';

/** The connector's wall clock is set, its monotonic one is not: by hand, or because the machine slept. */
export async function setClock(
  ground: Ground,
  { url }: Gateway,
  transport: Transport,
  offset: string,
): Promise<Figures> {
  if (!existsSync(faketime)) return { skipped: 'no libfaketime' };
  const name = `clock-${offset.startsWith('-') ? 'back' : 'on'}-${transport}`;
  const clock = join(ground.folder, `${name}.clock`);
  writeFileSync(clock, '+0');
  const fake = { LD_PRELOAD: faketime, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1' };
  const env = { ...fake, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  const connector = ground.connect(name, transport, url, await ground.origin(), { env });
  connector.unwatched = true;
  await connector.command.until(isReady);
  await sleep(2000);
  const visitors = startVisitors(`${url}/gw/${name}/`, 8000);
  await sleep(1000);
  const setAt = performance.now();
  writeFileSync(clock, offset);
  await sleep(8000);
  const visits = await visitors.stop();
  visits.mustBeServed(name);
  must(connector.state === 'ready', `${name}: it is ready again`);
  return { 'states after s': connector.statesSince(setAt), ...visits.figures() };
}

/** The gateway's name is not known when the connector starts; later it is, and then it is another gateway's. */
export async function nameComesLate(ground: Ground, transport: Transport): Promise<Figures> {
  if (!works('unshare', '--mount', 'true')) return { skipped: 'no mount namespaces' };
  const name = `name-${transport}`;
  const hosts = join(ground.folder, `${name}.hosts`);
  const port = await freePort();
  const url = `http://gw.drill.example:${port}`;
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  const gatewayAt = (host: string): Promise<Gateway> =>
    ground.gateway(['--host', host, '--port', String(port), '--public-url', url]);
  const first = await gatewayAt('127.0.0.1');
  await gatewayAt('127.0.0.2');
  const mounted = ['unshare', '--mount', 'sh', '-c', `mount --bind ${hosts} /etc/hosts && exec "$@"`, 'sh'];
  const connector = ground.connect(name, transport, url, await ground.origin(), { behind: mounted });
  await connector.command.until(({ code }) => code === 'unreachable');
  await sleep(5000);
  const tries = connector.command.told.filter(({ code }) => code === 'unreachable');
  const knownAt = performance.now();
  writeFileSync(hosts, `127.0.0.1 localhost\n127.0.0.1 gw.drill.example\n`);
  const { at: readyAt } = await connector.command.until(isReady);
  writeFileSync(hosts, `127.0.0.1 localhost\n127.0.0.2 gw.drill.example\n`);
  await sleep(1000);
  const movedAt = performance.now();
  first.command.signal('SIGKILL');
  const { at: againAt } = await connector.command.until(isReady, movedAt);
  return {
    'tries in 5 s and more': tries.length,
    told: String(tries[0]?.message),
    'ready after it is known s': seconds(readyAt - knownAt),
    'ready at another gateway s': seconds(againAt - movedAt),
  };
}

/** The connector's address is taken away, and it gets another one. */
export async function addressChanges(ground: Ground, transport: Transport, busy: boolean): Promise<Figures> {
  const id = `${process.pid % 10_000}${transport[0]}${busy ? 'b' : 'i'}`;
  const [space, near, far] = [`rhttp-${id}`, `rn${id}`, `rf${id}`];
  const net = `10.77.${1 + transports.indexOf(transport) * 2 + (busy ? 1 : 0)}`;
  const inside = ['ip', 'netns', 'exec', space];
  const made = [
    ['ip', 'netns', 'add', space],
    ['ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space],
    ['ip', 'addr', 'add', `${net}.1/24`, 'dev', near],
    ['ip', 'link', 'set', near, 'up'],
    [...inside, 'ip', 'addr', 'add', `${net}.2/24`, 'dev', far],
    [...inside, 'ip', 'link', 'set', far, 'up'],
    [...inside, 'ip', 'link', 'set', 'lo', 'up'],
  ].every((words) => works(...words));
  try {
    if (!made) return { skipped: 'no network namespaces' };
    const port = await freePort();
    const url = `http://${net}.1:${port}`;
    await ground.gateway(['--host', `${net}.1`, '--port', String(port), '--public-url', url]);
    const name = `address-${id}`;
    // Beside the connector, so that only the way to the gateway changes.
    const origin = await ground.originBehind(inside);
    const connector = ground.connect(name, transport, url, origin, { behind: inside });
    await connector.command.until(isReady);
    await sleep(2000);
    const visitors = busy ? startVisitors(`${url}/gw/${name}/`, 1500) : undefined;
    await sleep(1000);
    const changedAt = performance.now();
    works(...inside, 'ip', 'addr', 'del', `${net}.2/24`, 'dev', far);
    works(...inside, 'ip', 'addr', 'add', `${net}.3/24`, 'dev', far);
    const { at: toldAt } = await connector.command.until(({ event }) => event !== 'ready', changedAt);
    const { at: backAt } = await connector.command.until(isReady, toldAt);
    const visits = await visitors?.stop();
    visits?.mustBeServed(name);
    return {
      'told after s': seconds(toldAt - changedAt),
      'ready again after s': seconds(backAt - changedAt),
      ...visits?.figures(),
      ...connector.ageFigures(),
    };
  } finally {
    works('ip', 'link', 'del', near);
    works('ip', 'netns', 'del', space);
  }
}

function works(...[command, ...args]: readonly string[]): boolean {
  return spawnSync(command!, args, { stdio: 'ignore' }).status === 0;
}
