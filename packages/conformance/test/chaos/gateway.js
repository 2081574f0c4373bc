// Child process: a gateway that tells of what goes wrong, on stderr.

import { createGateway } from '@reverse-http/gateway';

/** @param {unknown} line */
const tell = (line) => console.error(JSON.stringify(line));

const gateway = createGateway({
  listeners: [{ port: 0 }],
  // Each visitor has an address of its own, or few of them may wait for a target that is away.
  trustedProxies: ['127.0.0.1'],
  auth: { tokens: ['secret'] },
  deadlines: { hold: Number(process.env.HOLD) },
  onEvent: (event) => tell(event),
  onError: (error) => tell({ time: new Date(), error: String(error) }),
  accessLog: (entry) => {
    if (entry.reason !== undefined || entry.status === 0) tell(entry);
  },
});
await gateway.start();
console.log(JSON.stringify({ url: gateway.url }));
