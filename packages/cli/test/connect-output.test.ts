import { type ConnectionState, ReverseHttpError } from '@reverse-http/connector/node';
import { expect, test } from 'vitest';
import { createJsonOutput, createLinesOutput } from '../src/connect/connect-output.js';
import type { Io } from '../src/io.js';

const sites = [{ target: 'A', origin: 'http://127.0.0.1:3000' }];
const targets = [{ target: 'A', url: 'http://gw/gw/A/', urls: ['http://gw/gw/A/', 'http://a.gw/'] }];
const error = new ReverseHttpError('unreachable', 'gw cannot be reached.');
const refusal = new ReverseHttpError('unauthorized', 'The gateway does not know this token.');

/** Every state that there is, with what a script reads and what a person does. */
const states: readonly [ConnectionState, object, string | undefined][] = [
  [{ state: 'connecting' }, {}, undefined],
  [
    { state: 'connecting', error, retryInMs: 1500.4 },
    { code: 'unreachable', message: 'gw cannot be reached', retryInMs: 1500 },
    'Not connected: gw cannot be reached. Trying again until it works.',
  ],
  [
    { state: 'ready', ...targets[0]!, transport: 'poll' },
    { url: 'http://gw/gw/A/', urls: ['http://gw/gw/A/', 'http://a.gw/'], transport: 'poll', replicas: 2 },
    'http://gw/gw/A/ -> http://127.0.0.1:3000',
  ],
  [{ state: 'suspect' }, {}, 'No sign of life from http://gw: asking for one.'],
  [
    { state: 'detached', retryInMs: 0 },
    { retryInMs: 0 },
    'Connection to http://gw lost: going on as soon as it is back; requests wait.',
  ],
  [
    { state: 'detached', error, retryInMs: 1000 },
    { code: 'unreachable', message: 'gw cannot be reached', retryInMs: 1000 },
    'Connection to http://gw lost (gw cannot be reached): going on as soon as it is back; requests wait.',
  ],
  [
    { state: 'standby', retryInMs: 60_000 },
    { retryInMs: 60_000 },
    'Standing by: a newer start of this replica serves A; asking again every 60 s.',
  ],
  [
    { state: 'refused', error: refusal, retryInMs: 60_000 },
    { code: 'unauthorized', message: 'The gateway does not know this token', retryInMs: 60_000 },
    'Refused: The gateway does not know this token. Trying again in 60 s.',
  ],
  [
    { state: 'closed', reason: { code: 'closed', message: 'It was closed.' } },
    { code: 'closed', message: 'It was closed.' },
    'Closed.',
  ],
];

test.each(states)('%o', (state, fields, line) => {
  let out = '';
  const io = { env: {}, stdout: { write: (text: string) => (out += text) } } as unknown as Io;
  const trouble = 'error' in state ? state.error?.message.replace(/\.$/, '') : undefined;
  const details = { gateway: 'http://gw', targets, replicas: [2], explanation: trouble };
  createJsonOutput(io).state(sites, state, details);
  expect(JSON.parse(out)).toEqual({ time: expect.any(String), event: state.state, target: 'A', ...fields });
  out = '';
  createLinesOutput(io).state(sites, state, details);
  expect(out).toBe(line === undefined ? '' : `${line}\n`);
});

test('people are told of a trouble once, of another kind again, and that it is over', () => {
  let out = '';
  const io = { env: {}, stdout: { write: (text: string) => (out += text) } } as unknown as Io;
  const output = createLinesOutput(io);
  const tell = (state: ConnectionState): void => {
    const explanation = 'error' in state ? state.error?.code : undefined;
    output.state(sites, state, { gateway: 'http://gw', targets, replicas: [1], explanation });
  };
  const other = new ReverseHttpError('not-a-gateway', 'gw is no gateway');
  const ready: ConnectionState = { state: 'ready', ...targets[0]!, transport: 'poll' };
  tell(ready);
  tell({ ...ready, transport: 'websocket' });
  for (const each of [error, error, other]) tell({ state: 'connecting', error: each, retryInMs: 1 });
  tell(ready);
  expect(out.trimEnd().split('\n')).toEqual([
    'http://gw/gw/A/ -> http://127.0.0.1:3000',
    'Not connected: unreachable. Trying again until it works.',
    'Not connected: not-a-gateway. Trying again until it works.',
    'http://gw/gw/A/ -> http://127.0.0.1:3000  (connected again)',
  ]);
});
