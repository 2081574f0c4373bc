// The demonstration: a gateway on http://localhost:8080 and three servers behind it, each in a process of its own that does not
// listen, as three devices would be. Ctrl-C ends it.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createGateway } from '@reverse-http/gateway';

const port = portOf('PORT', 8080);
const adminPort = portOf('ADMIN_PORT', port + 1);
const gateway = createGateway({
  listeners: [{ port }],
  publicUrl: `http://localhost:${port}`,
  admin: { port: adminPort },
});

try {
  await gateway.start();
} catch (error) {
  const taken = error.code === 'EADDRINUSE';
  const hint = 'end what listens there, or choose another one: PORT=8090 npm start';
  fail(taken ? `Port ${error.port} is taken: ${hint}` : error.message);
}
console.log(`Gateway   ${gateway.url}`);
const admin = `http://localhost:${new URL(gateway.adminUrl).port}`;
console.log(`Admin     ${admin}`);

// B polls, as a server does whose network lets no WebSocket through; by itself a connector begins so and moves up.
const transports = { A: 'websocket', B: 'poll', C: 'websocket' };
const servers = Object.keys(transports).map(startServer);
let ending = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);

for (const { name, ready } of servers) {
  const { url, urls, transport } = await ready;
  const also = urls.length > 1 ? `     (also ${urls[1]})` : '';
  console.log(`${name}  ready  ${url}${also}     ${transport === 'poll' ? 'polling' : transport}`);
}
console.log(`Try       curl ${gateway.url}/gw/A/`);
// Its token is new at each start and this machine's alone; `rhttp gateway` keeps one in a file that its owner alone can read.
console.log(`          curl -H 'Authorization: Bearer ${gateway.adminToken}' ${admin}/api/v1/targets`);

/** A port as the environment has it. */
function portOf(name, otherwise) {
  const port = Number(process.env[name] ?? otherwise);
  if (!(Number.isInteger(port) && port > 0 && port < 65536)) fail(`${name}=${process.env[name]} is not a port.`);
  return port;
}

/** Starts one server's process; it ends when its stdin does, so none outlives this one. */
function startServer(name) {
  const file = fileURLToPath(new URL('server.js', import.meta.url));
  const child = spawn(process.execPath, [file, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, GATEWAY: gateway.url, TOKEN: gateway.token, TRANSPORT: transports[name] },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  exited.then((code) => ending || fail(`Server ${name} ended with exit code ${code}`));
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line)));
  });
  return { name, ready, exited, end: () => child.stdin.end() };
}

/** Lets running requests finish; a second signal does not wait for them. */
async function end() {
  if (ending) process.exit(0);
  ending = true;
  for (const server of servers) server.end();
  await Promise.all(servers.map(({ exited }) => exited));
  await gateway.close();
  process.exit(0);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
