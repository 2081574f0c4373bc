import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from '../bench-error.js';

/** One run of wrk. */
export interface WrkOptions {
  /** The program's full path. */
  readonly program: string;
  readonly url: URL;
  /** Sent as they are, byte for byte, one after the other, again and again. */
  readonly requests: readonly string[];
  /** Keep-alive connections, each with one request at a time. */
  readonly visitors: number;
  /** How long, in whole seconds. */
  readonly seconds: number;
  /** Where its script may be written. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** What wrk counted. */
export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Failed connects, reads and writes, requests that took longer than 2 s, and answers with a status of 400 or above. */
  readonly errors: Readonly<Record<'connect' | 'read' | 'write' | 'timeout' | 'status', number>>;
}

// One thread fills what two cores leave it; a second one only takes turns with the processes that are measured.
const THREADS = 1;

/** Loads `url` for a while and returns what wrk counted. */
export async function runWrk(options: WrkOptions): Promise<WrkResult> {
  const { program, url, requests, visitors, seconds, folder, signal } = options;
  signal.throwIfAborted();
  const script = join(folder, 'wrk.lua');
  writeFileSync(script, luaScript(requests));
  const args = ['-t', THREADS, '-c', visitors, '-d', seconds, '-s', script, url.href].map(String);
  const wrk = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [wrk.stdout, wrk.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const end = (): void => void wrk.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  try {
    await once(wrk, 'close');
  } finally {
    signal.removeEventListener('abort', end);
  }
  signal.throwIfAborted();
  return parseResult(output);
}

/**
 * Replacing `format` sends exactly these bytes and still lets wrk build the request once; a `request` function is called for
 * every request, so that is only for several, and fields given with `-H` come out in the order of a hash table.
 */
function luaScript(requests: readonly string[]): string {
  const several = `local all = ${`{${requests.map((each) => JSON.stringify(each)).join(',\n')}}`}
local last = 0
request = function()
  last = last % #all + 1
  return all[last]
end`;
  return `${requests.length > 1 ? several : `wrk.format = function() return ${JSON.stringify(requests[0])} end`}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%f,"p50Us":%d,"p99Us":%d,"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;
}

function parseResult(output: string): WrkResult {
  const json = /^RESULT (.*)$/m.exec(output)?.[1];
  if (json === undefined) throw new BenchError(`wrk gave no result: ${output.trim().split('\n').at(-1)}`);
  return JSON.parse(json);
}
