import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StartedConnector } from './stage.js';

const file = fileURLToPath(new URL('../../python/connector.py', import.meta.url));

/** Whether there is a Python that can run it. */
export const hasPython: boolean =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0;

/** Starts the connector that stands on the page alone, and waits until it says that it is ready. */
export async function startPythonConnector(gateway: string, target: string, token: string): Promise<StartedConnector> {
  const child = spawn('python3', [file, gateway, target, '--token', token], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exited = once(child, 'exit');
  const early = exited.then(() => Promise.reject(new Error(`the connector ended before it was ready: ${complaints}`)));
  await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early]);
  early.catch(() => {});
  return {
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
