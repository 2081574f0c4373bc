import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Origin, type OriginOptions, probeOrigin } from '../src/node/index.js';
import { parseOrigin } from '../src/node/origin/origin-address.js';
import { resolveOriginOptions } from '../src/node/origin/origin-options.js';
import { answer, createOriginPair, type OriginPair, type RawConnection } from './harness/raw-origin.js';

let folder: string;
let pair: OriginPair | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhttp-origin-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  await pair?.stop();
  pair = undefined;
});

async function serve(connection: RawConnection): Promise<void> {
  await connection.heads(1);
  connection.write(answer('ok'));
}

describe('what an origin may be', () => {
  const good: readonly [Origin, Partial<ReturnType<typeof parseOrigin>>][] = [
    [
      3000,
      { name: '127.0.0.1:3000', hosts: ['127.0.0.1', '::1'], port: 3000, authority: 'localhost:3000', secure: false },
    ],
    ['3000', { name: '127.0.0.1:3000', hosts: ['127.0.0.1', '::1'], port: 3000 }],
    ['localhost:3000', { name: '127.0.0.1:3000', hosts: ['127.0.0.1', '::1'], authority: 'localhost:3000' }],
    ['camera:81', { name: 'camera:81', hosts: ['camera'], port: 81, authority: 'camera:81', basePath: '' }],
    ['camera', { hosts: ['camera'], port: 80, authority: 'camera' }],
    ['[::1]:81', { name: '[::1]:81', hosts: ['::1'], port: 81, authority: '[::1]:81' }],
    ['http://127.0.0.1:3000', { name: 'http://127.0.0.1:3000', hosts: ['127.0.0.1'], basePath: '' }],
    [
      'HTTPS://10.0.0.7',
      { name: 'https://10.0.0.7', hosts: ['10.0.0.7'], port: 443, secure: true, authority: '10.0.0.7' },
    ],
    [
      new URL('https://a.example:81/base//'),
      { port: 81, secure: true, certificateName: 'a.example', basePath: '/base' },
    ],
    ['http://localhost/', { hosts: ['127.0.0.1', '::1'], port: 80, basePath: '' }],
    ['unix:/run/app.sock', { name: 'unix:/run/app.sock', socketPath: '/run/app.sock', authority: 'localhost' }],
  ];
  for (const [origin, expected] of good) {
    it(`is ${origin}`, () => expect(parseOrigin(origin)).toMatchObject(expected));
  }

  const bad: Origin[] = [
    0,
    65_536,
    -1,
    1.5,
    Number.NaN,
    '',
    '0',
    'a b',
    'camera/x',
    'ftp://a.example',
    'ws://a.example',
  ];
  bad.push(
    'unix:',
    'http://',
    'http://u:p@a.example',
    'http://a.example/?q',
    'http://a.example/#f',
    'camera:0',
    'a:99999',
  );
  for (const origin of bad) {
    it(`is not ${JSON.stringify(origin)}`, () => {
      const thrown = catchError(() => parseOrigin(origin));
      expect(thrown).toBeInstanceOf(ReverseHttpError);
      expect(thrown).toMatchObject({ code: 'bad-option' });
      const options = { gateway: 'http://127.0.0.1:1', target: 'A' };
      expect(catchError(() => connect(origin, options))).toMatchObject({ code: 'bad-option' });
    });
  }

  const options: [string, OriginOptions][] = [
    ['hostHeader', { hostHeader: 'a b' }],
    ['hostHeader', { hostHeader: 'a\r\nX: y' }],
    ['hostHeader', { hostHeader: '' }],
    ['ca', { ca: [1] as never }],
    ['insecure', { insecure: 'yes' as never }],
    ['maxConnections', { maxConnections: 0 }],
    ['idleTimeoutMs', { idleTimeoutMs: -1 }],
    ['connectTimeoutMs', { connectTimeoutMs: 0 }],
    ['onState', { onState: 1 as never }],
  ];
  for (const [name, given] of options) {
    it(`has no option ${JSON.stringify(given)}`, () => {
      expect(catchError(() => resolveOriginOptions(given))).toMatchObject({
        code: 'bad-option',
        message: expect.stringMatching(new RegExp(`^origin\\.${name}: `)),
      });
    });
  }

  it('has no options where a handler answers', () => {
    const options = { gateway: 'http://127.0.0.1:1', target: 'A', origin: {} };
    expect(catchError(() => connect(() => {}, options))).toMatchObject({ code: 'bad-option' });
  });
});

describe('an origin', () => {
  it('on a UNIX socket is forwarded to', async () => {
    const path = join(folder, 'app.sock');
    pair = await createOriginPair(serve, { listen: path, origin: () => `unix:${path}`, hostHeader: 'rewrite' });
    expect((await pair.visit().done()).text).toBe('ok');
    expect(pair.connections[0]!.received).toContain('Host: localhost\r\n');
  });

  it('on a UNIX socket that is not there is told of', async () => {
    pair = await createOriginPair(serve, { origin: () => `unix:${join(folder, 'none.sock')}` });
    expect((await pair.visit().done()).failure?.reason).toBe('origin-refused');
    expect(pair.log[0]).toBe(
      `Nothing listens on unix:${join(folder, 'none.sock')} yet; visitors get 502 origin-refused until it does.`,
    );
  });

  it('given as a port is found on ::1 too, and looked for there first from then on', async () => {
    const port = await portOfLoopback6();
    let asked4 = 0;
    pair = await createOriginPair(serve, { origin: () => port });
    const six = createServer((socket) => {
      socket.once('data', () => socket.end(answer('six', 'Connection: close\r\n')));
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => void six.listen(port, '::1', resolve));
    expect((await pair.visit().done()).text).toBe('six');
    const four = createServer((socket) => {
      asked4++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => void four.listen(port, '127.0.0.1', resolve));
    expect((await pair.visit().done()).text).toBe('six');
    expect(asked4).toBe(0);
    six.close();
    four.close();
  });
});

describe('probeOrigin', () => {
  it('finds what listens and what does not', async () => {
    pair = await createOriginPair(serve);
    const { port } = pair;
    expect(await probeOrigin(port)).toEqual({ state: 'reachable' });
    (await pair.connection(0)).socket.destroy();
    await new Promise((resolve) => pair!.server.close(resolve));
    expect(await probeOrigin(port)).toEqual({
      state: 'refused',
      code: 'ECONNREFUSED',
      message: `Nothing listens on 127.0.0.1:${port} yet; visitors get 502 origin-refused until it does.`,
    });
    await expect(probeOrigin('ftp://x')).rejects.toMatchObject({ code: 'bad-option' });
  });
});

describe('an https: origin', () => {
  let cert: string;
  let key: string;
  const names: (string | false)[] = [];

  beforeAll(() => {
    const file = (name: string): string => join(folder, name);
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', [...args, '-keyout', file('key.pem'), '-out', file('cert.pem'), ...subject], {
      stdio: 'ignore',
    });
    cert = readFileSync(file('cert.pem'), 'utf8');
    key = readFileSync(file('key.pem'), 'utf8');
  });

  async function start(host: string, options: OriginOptions): Promise<OriginPair> {
    names.length = 0;
    const server = createTlsServer({ cert, key });
    server.on('secureConnection', (socket: TLSSocket) => names.push(socket.servername as string | false));
    server.on('tlsClientError', () => {});
    pair = await createOriginPair(serve, { ...options, server, origin: (port) => `https://${host}:${port}` });
    return pair;
  }

  it('is asked for by its own name, whatever Host says', async () => {
    const { visit } = await start('localhost', { ca: cert, hostHeader: 'other.example' });
    expect((await visit().done()).text).toBe('ok');
    expect(names).toEqual(['localhost']);
    expect(pair!.connections[0]!.received).toContain('Host: other.example\r\n');
  });

  it('with an address has its certificate checked for that, and is asked for no name', async () => {
    const { visit } = await start('127.0.0.1', { ca: [Buffer.from(cert)] });
    expect((await visit().done()).text).toBe('ok');
    expect(names).toEqual([false]);
  });

  it('with a certificate that nobody vouches for is refused, and told of', async () => {
    const { visit, port, log } = await start('localhost', {});
    expect((await visit().done()).failure?.reason).toBe('origin-refused');
    expect(log[0]).toBe(
      `The certificate of https://localhost:${port} is not trusted (self-signed certificate; name its authority as origin.ca or --origin-ca); visitors get 502 origin-refused until that is mended.`,
    );
    expect(await probeOrigin(`https://localhost:${port}`)).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(await probeOrigin(`https://localhost:${port}`, { ca: cert })).toEqual({ state: 'reachable' });
  });

  it('that answers on one of its addresses is judged by that, not by the other', async () => {
    const server = createTlsServer({ cert, key }).on('tlsClientError', () => {});
    await new Promise<void>((resolve) => void server.listen(0, '::1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await probeOrigin(`https://localhost:${port}`)).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    server.close();
  });

  it('with a certificate for another name is refused', async () => {
    const { visit, log } = await start('127.0.0.2', { ca: cert });
    // The server listens on 127.0.0.1 alone where 127.0.0.2 is another address; either way nobody gets through.
    expect((await visit().done()).failure?.reason).toBe('origin-refused');
    expect(log.length).toBe(2);
  });

  it('with any certificate is taken when that is asked for', async () => {
    const { visit } = await start('localhost', { insecure: true });
    expect((await visit().done()).text).toBe('ok');
  });

  it('that speaks no TLS is refused', async () => {
    pair = await createOriginPair((connection) => connection.write('HTTP/1.1 400 No TLS\r\n\r\n'), {
      origin: (port) => `https://127.0.0.1:${port}`,
    });
    expect((await pair.visit().done()).failure?.reason).toBe('origin-refused');
    expect(pair.log[0]).toContain('speaks no TLS');
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** A port that is free on ::1 and on 127.0.0.1. */
async function portOfLoopback6(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '::1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
