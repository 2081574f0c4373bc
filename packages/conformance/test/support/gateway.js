// Child process: a gateway on PORT (default: any) that lets connectors with TOKEN in.

import { createGateway } from '@reverse-http/gateway';

const { PORT = '0', TOKEN = 'secret' } = process.env;
const gateway = createGateway({ listeners: [{ port: Number(PORT) }], auth: { tokens: [TOKEN] } });
await gateway.start();
console.log(JSON.stringify({ url: gateway.url }));
