import { createMemoryLink } from '@reverse-http/protocol/session';
import { describeTransport } from './describe-transport.js';

describeTransport('memory', () => {
  const { a, b, cut } = createMemoryLink({ defer: (fn) => setImmediate(fn) });
  return { gateway: a, connector: b, cut };
});

describeTransport('memory, with messages of a kilobyte', () => {
  const { a, b, cut } = createMemoryLink({ defer: (fn) => setImmediate(fn), maxMessageBytes: 1024 });
  return { gateway: a, connector: b, cut };
});
