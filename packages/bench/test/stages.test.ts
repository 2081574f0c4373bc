import { expect, test } from 'vitest';
import { NATIVE, stageOf } from '../src/profile/stages.js';

const scan = 'JS:*scanHead file:///x/packages/protocol/dist/http1/scan-head.js:12:1';
const front = 'JS:*onRead file:///x/packages/gateway/dist/front/http1/connection.js:3:1';
const stream = 'JS:*writeGeneric node:internal/stream_base_commons:1:1';

test.each([
  ['the innermost function of ours has what it calls', ['Builtins_CopyElements', scan, front], 'scan heads'],
  ['the kernel has its own time', ['tcp_sendmsg', '__x64_sys_write', 'entry_SYSCALL_64', front], 'kernel: write'],
  ['a collection is nobody else', ['memcpy', 'v8::internal::Scavenger::Process()', scan], 'garbage collection'],
  ["what Node's JavaScript does for us is Node's", ['uv_write', stream, front], "Node's sockets, streams and events"],
  ['what nobody called has a name', ['uv__io_poll', 'uv_run'], NATIVE],
])('%s', (_title, frames, stage) => expect(stageOf(frames)).toBe(stage));
