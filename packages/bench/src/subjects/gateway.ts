// Child process: the gateway with its defaults.

import { createGateway } from '@reverse-http/gateway';
import { reportReady } from './report-ready.js';

const gateway = createGateway({ listeners: [{ port: 0 }] });
await gateway.start();
reportReady({ url: gateway.url ?? '', token: gateway.token ?? '' });
