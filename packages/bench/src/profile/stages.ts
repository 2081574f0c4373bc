/** What a stack says about where its time went: `stage` of the first of its frames that fits, from the innermost outwards. */
const STAGES: readonly (readonly [stage: string, pattern: RegExp])[] = [
  [
    'garbage collection',
    /Scaveng|MarkCompact|Marking|Sweep|CollectGarbage|Evacuat|v8::internal::Heap::|MinorGC|GCTracer/,
  ],
  ['kernel: write', /^(?:__x64_sys_|__arm64_sys_|__sys_|ksys_|do_)(?:writev?|send(?:to|msg))\b/],
  ['kernel: read', /^(?:__x64_sys_|__arm64_sys_|__sys_|ksys_|do_)(?:readv?|recv(?:from|msg))\b/],
  ['kernel: wait for events', /^(?:__x64_sys_|__arm64_sys_|do_)epoll_/],
  ['kernel: the rest', /^(?:entry_SYSCALL_64|do_syscall_64|asm_sysvec|asm_exc|el0|ret_from_fork)/],
  ['WebSocket framing', /node_modules\/ws\//],
  ['scan heads', /protocol\/dist\/(?:http1|head)/],
  [
    'multiplexer, pipe, session',
    /protocol\/dist\/|(?:gateway\/dist\/tunnel|connector\/dist\/(?:transport|link|node\/transport))\//,
  ],
  ["the visitor's connection", /gateway\/dist\/front\//],
  ['routing, policies, visit', /gateway\/dist\//],
  ['client to the origin, or of polling', /connector\/dist\/node\/(?:origin|client|proxy)\//],
  ['objects of node:http', /connector\/dist\/|node:_http|node:internal\/http/],
  ['the application', /bench\/dist\//],
  ["Node's sockets, streams and events", /node:/],
];

/** In no function of ours or of Node's JavaScript, nor called from one: libuv, V8, the C library. */
export const NATIVE = 'other machine code';

/** The stage of one sample, whose frames stand innermost first. */
export function stageOf(frames: readonly string[]): string {
  for (const frame of frames) {
    const stage = STAGES.find(([, pattern]) => pattern.test(frame))?.[0];
    if (stage !== undefined) return stage;
  }
  return NATIVE;
}
