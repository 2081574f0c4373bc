// Child process: a gateway on PORT (default: any) with its defaults, but for OPTIONS. SIGTERM drains it.

import { createGateway } from '@reverse-http/gateway';
import { answerParent } from './facts.js';

const { PORT = '0', OPTIONS = '{}' } = process.env;
const gateway = createGateway({
  listeners: [{ port: Number(PORT) }],
  auth: { tokens: ['secret'] },
  ...JSON.parse(OPTIONS),
});
answerParent({
  status: () => ({
    targets: gateway.targets.size,
    sessions: gateway.sessions.size,
    running: [...gateway.sessions.values()].reduce((sum, { running }) => sum + running, 0),
    resumes: [...gateway.sessions.values()].reduce((sum, { resumes }) => sum + resumes, 0),
  }),
  targets: () => [...gateway.targets.keys()],
});
process.once('SIGTERM', () => void gateway.close().then(() => process.exit()));
await gateway.start();
console.log(JSON.stringify({ url: gateway.url, adminUrl: gateway.adminUrl }));
