import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionState } from '@reverse-http/connector/node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Program, programPath, startProgram } from './programs.js';
import { type Site, startSite } from './site.js';

// What an administrator gets from `apt-get install squid` or `tinyproxy`, and what he is likely to change. Only ports and
// places of files differ: everybody may start these.

/** Lines that come after those of Debian's own configuration. */
type Start = (more?: (folder: string) => string) => Promise<Program>;

const squid: Start = (more = () => '') =>
  startProgram('squid', (port, folder) => {
    const own = readFileSync('/etc/squid/squid.conf', 'utf8').replace(/^http_port .*$/m, `http_port 127.0.0.1:${port}`);
    const quiet = 'access_log none\ncache_log /dev/null\npid_filename none\nshutdown_lifetime 0 seconds\n';
    const file = join(folder, 'squid.conf');
    // The first rule that fits holds.
    writeFileSync(file, `${more(folder)}${own}\n${quiet}`);
    return ['-N', '-f', file];
  });

const tinyproxy: Start = (more = () => '') =>
  startProgram('tinyproxy', (port, folder) => {
    const own = readFileSync('/etc/tinyproxy/tinyproxy.conf', 'utf8')
      .replace(/^Port .*$/m, `Port ${port}\nListen 127.0.0.1`)
      .replace(/^(?:LogFile|PidFile) .*$/gm, '');
    const file = join(folder, 'tinyproxy.conf');
    writeFileSync(file, `${own}\n${more(folder)}`);
    return ['-d', '-c', file];
  });

const passwordFile = (folder: string): string => {
  const file = join(folder, 'passwords');
  const hash = execFileSync('openssl', ['passwd', '-apr1', 's3cret'], { encoding: 'utf8' });
  writeFileSync(file, `me:${hash}`);
  return file;
};

let site: Site;
beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.close());

const portOf = (url: string): string => new URL(url).port;

function troubleOf(options: Parameters<Site['connect']>[0]): Promise<string> {
  return new Promise((resolve) => {
    const onState = (state: ConnectionState): void => {
      if ('error' in state && state.error) resolve(state.error.message);
    };
    site.connect({ ...options, onState });
  });
}

const proxies = [
  {
    name: 'squid',
    start: squid,
    tunnelsTo: (port: string) => () => `acl SSL_ports port ${port}\nacl SSL_ports port 443\n`,
    refusesTunnels: () => '',
    asksForPassword: (folder: string) =>
      `auth_param basic program /usr/lib/squid/basic_ncsa_auth ${passwordFile(folder)}\n` +
      'acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n',
    refusesPassword: /does not take the name and password of its URL \(HTTP 407\)$/,
  },
  {
    name: 'tinyproxy',
    start: tinyproxy,
    tunnelsTo: () => () => '',
    refusesTunnels: () => 'ConnectPort 443\n',
    asksForPassword: () => 'BasicAuth me s3cret\n',
    // The status of a server's refusal; or none, where it closes before it has read the request's body.
    refusesPassword:
      /does not take the name and password of its URL \(HTTP 401\)$|HTTP 401 came from the proxy|\(through the proxy/,
  },
] as const;

describe.each(proxies)('$name', ({ name, start, tunnelsTo, refusesTunnels, asksForPassword, refusesPassword }) => {
  // A program that is not there is said to be missing; the gate installs it.
  const present = programPath(name) !== undefined;
  describe.skipIf(!present)(present ? 'of this machine' : `is not installed (apt-get install ${name})`, () => {
    let program: Program;
    afterEach(async () => {
      await site.leave();
      await program.stop();
    });

    test.each(['poll', 'websocket'] as const)('leads a %s to a gateway with TLS', async (transport) => {
      program = await start(tunnelsTo(portOf(site.secureUrl)));
      await site.connect({ gateway: site.secureUrl, transport, proxy: program.url }).ready;
      await site.exchangeBodies();
    });

    test('leads polls to a gateway without TLS, though it refuses tunnels to its port', async () => {
      program = await start(refusesTunnels);
      const { transport } = await site.connect({ proxy: program.url }).ready;
      expect(transport).toBe('poll');
      await site.exchangeBodies();
      expect(await troubleOf({ transport: 'websocket', proxy: program.url })).toBe(
        `${site.url}/ cannot be reached: the proxy ${program.url} refuses CONNECT to 127.0.0.1:${portOf(site.url)} (HTTP 403)`,
      );
    });

    test.each(['url', 'secureUrl'] as const)('asks for a name and a password on the way to the %s', async (which) => {
      program = await start(asksForPassword);
      const proxy = program.url.replace('//', '//me:s3cret@');
      await site.connect({ gateway: site[which], proxy }).ready;
      await site.exchangeBodies();
      await site.leave();
      const wrong = await troubleOf({ gateway: site[which], proxy: proxy.replace('s3cret', 'other') });
      expect(wrong).toMatch(refusesPassword);
    });
  });
});
