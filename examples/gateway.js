// Where an example finds its gateway: in RHTTP_GATEWAY and RHTTP_TOKEN, or, without them, one of its own in the same process, on port
// 8080 (PORT chooses another), so that one command is enough. In earnest the gateway runs elsewhere, where visitors can reach it.

import { createGateway } from '@reverse-http/gateway';

/** The gateway's URL, a token for it, and what ends the example when Ctrl-C is typed. */
export async function findGateway() {
  const { RHTTP_GATEWAY, RHTTP_TOKEN, PORT = '8080' } = process.env;
  if (RHTTP_GATEWAY) {
    process.once('uncaughtException', endWithoutStack);
    return { gateway: RHTTP_GATEWAY, token: RHTTP_TOKEN, drainOnCtrlC };
  }

  const own = createGateway({ listeners: [{ port: Number(PORT) }] });
  await own.start().catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error;
    console.error(`Port ${PORT} is taken: end what listens there, or choose another one: PORT=8090`);
    process.exit(1);
  });
  return { gateway: own.url, token: own.token, drainOnCtrlC: (...steps) => drainOnCtrlC(...steps, () => own.close()) };
}

/** Whom the gateway refuses for good, a wrong token's owner say, has read the connector's line about it: that is enough. */
function endWithoutStack(error) {
  if (error.name !== 'ReverseHttpError') console.error(error);
  process.exit(1);
}

/** Takes the steps in order, the last of which leaves nothing that keeps the process; a second Ctrl-C ends it at once. */
function drainOnCtrlC(...steps) {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      for (const step of steps) await step();
    });
  }
}
