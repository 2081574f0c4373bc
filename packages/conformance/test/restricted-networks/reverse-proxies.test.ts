import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, ConnectionState } from '@reverse-http/connector/node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Program, programPath, startProgram } from './programs.js';
import { type Site, startSite, staysUp } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.close());

/** nginx before the gateway: what stands in its `location /`. */
function nginx(location: string): Promise<Program> {
  return startProgram('nginx', (port, folder) => {
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
      events {}
      http {
        access_log off; gzip on; ${places.join(' ')}
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass ${site.url}; ${location} }
        }
      }`,
    );
    return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  });
}

/** As nginx's own page has it: https://nginx.org/en/docs/http/websocket.html. */
const upgrades =
  'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;';

/** haproxy before the gateway: what Debian's own `defaults` have, and what stands in the frontend. */
function haproxy(frontend: string, defaults = ''): Promise<Program> {
  return startProgram('haproxy', (port, folder) => {
    writeFileSync(
      join(folder, 'haproxy.cfg'),
      `defaults
        mode http
        timeout connect 5000
        timeout client 50000
        timeout server 50000
        ${defaults}
      frontend all
        bind 127.0.0.1:${port}
        ${frontend}
        default_backend gateway
      backend gateway
        server gateway ${new URL(site.url).host}\n`,
    );
    return ['-db', '-f', join(folder, 'haproxy.cfg')];
  });
}

interface Case {
  readonly name: string;
  readonly start: () => Promise<Program>;
  readonly best: 'poll' | 'websocket';
}

/** Those that close what is idle for 2 s: for polls that is an answer, 504. */
const impatient = {
  nginx: [() => nginx(`${upgrades} proxy_read_timeout 2s;`), 'auto'],
  haproxy: [() => haproxy('', 'timeout server 2s\ntimeout tunnel 2s'), 'websocket'],
} as const;

const cases: Readonly<Record<'nginx' | 'haproxy', readonly Case[]>> = {
  nginx: [
    { name: 'passes requests on and knows of nothing else', start: () => nginx(''), best: 'poll' },
    { name: 'passes upgrades', start: () => nginx(upgrades), best: 'websocket' },
    { name: 'has room for 64 KiB', start: () => nginx('client_max_body_size 64k;'), best: 'poll' },
    { name: 'closes every connection', start: () => nginx('keepalive_timeout 0;'), best: 'poll' },
    { name: 'passes no field', start: () => nginx('proxy_pass_request_headers off;'), best: 'poll' },
  ],
  haproxy: [
    { name: 'is as Debian has it', start: () => haproxy(''), best: 'websocket' },
    { name: 'closes every connection', start: () => haproxy('option httpclose'), best: 'websocket' },
    {
      name: 'refuses upgrades, and bodies of more than 64 KiB, which it takes whole first',
      start: () =>
        haproxy(
          `option http-buffer-request
           http-request deny deny_status 403 if { req.hdr(upgrade) -m found }
           http-request deny deny_status 413 if { req.body_size gt 65536 }`,
        ),
      best: 'poll',
    },
  ],
};

describe.each(['nginx', 'haproxy'] as const)('%s', (name) => {
  const present = programPath(name) !== undefined;
  describe.skipIf(!present)(present ? 'of this machine' : `is not installed (apt-get install ${name})`, () => {
    let program: Program;
    let states: ConnectionState[];
    let lostAt: number;
    afterEach(async () => {
      await site.leave();
      await program.stop();
    });

    function connect(transport: 'auto' | 'websocket' = 'auto'): Connection {
      states = [];
      lostAt = 0;
      const onState = (state: ConnectionState): void => {
        states.push(state);
        if (state.state !== 'ready') lostAt = Date.now();
      };
      return site.connect({ gateway: program.url, transport, onState });
    }

    test.each(cases[name].map((each) => [each.name, each] as const))('that %s', async (_, { start, best }) => {
      program = await start();
      const connection = connect();
      expect(await connection.ready).toMatchObject({ transport: 'poll' });
      await site.exchangeBodies();
      if (best === 'websocket')
        await vi.waitUntil(() => connection.state.state === 'ready' && connection.state.transport === best);
      await site.exchangeBodies();
      expect(connection.state).toMatchObject({ state: 'ready', transport: best });
      expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['ready']));
    });

    test('that closes what is idle: the connection stays up', async () => {
      const [start, transport] = impatient[name];
      program = await start();
      const connection = connect(transport);
      await connection.ready;
      await vi.waitUntil(() => states.some(({ state }) => state === 'detached'), { timeout: 10_000 });
      await site.exchangeBodies();
      await staysUp(connection, () => lostAt);
      await site.exchangeBodies();
    }, 60_000);
  });
});
