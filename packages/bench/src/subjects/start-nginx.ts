import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Child, ChildOptions } from '../process/children.js';

/** What nginx needs to know. */
export interface NginxOptions {
  /** The program's full path. */
  readonly program: string;
  /** A folder that exists; its configuration, pid and temporary files go into it. */
  readonly folder: string;
  /** The server that it reverse-proxies. */
  readonly upstream: URL;
  readonly start: (options: Omit<ChildOptions, 'onDeath'>) => Promise<Child>;
}

/** Starts an nginx of one worker that reverse-proxies `upstream` over kept connections. */
export async function startNginx(options: NginxOptions): Promise<{ url: URL; child: Child }> {
  const { program, folder, upstream, start } = options;
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, configuration(port, upstream));
  const args = ['-p', folder, '-c', file, '-e', 'stderr'];
  return { url: new URL(`http://127.0.0.1:${port}`), child: await start({ name: 'nginx', command: program, args }) };
}

function configuration(port: number, upstream: URL): string {
  // Without `user` an nginx that root starts gives its worker to nobody; for others the directive is only a warning.
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};\n` : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${user}daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
${temporary.map((name) => `  ${name}_temp_path ${name}_temp;`).join('\n')}
  access_log off;
  # Bodies of any size pass as they come, as they do through the others, and never by way of a file.
  client_max_body_size 0;
  client_body_buffer_size 256k;
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  upstream app {
    server ${upstream.host};
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 590s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;
}

/** nginx cannot listen on port 0 and tell which one it got. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
