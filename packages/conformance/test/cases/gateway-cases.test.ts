import { afterAll, beforeAll, describe, test } from 'vitest';
import { killAll, start } from '../support/processes.js';
import type { GatewaySubject } from './gateway/gateway-case.js';
import { gatewayCases } from './gateway-cases.js';

let gateway: GatewaySubject;
beforeAll(async () => {
  gateway = { url: (await start('gateway', { TOKEN: 'secret' })).ready.url!, token: 'secret' };
});
afterAll(killAll);

describe.concurrent('our gateway', () => {
  for (const [i, { name, run }] of gatewayCases.entries()) test(name, () => run(gateway, `t${i}`));
});
