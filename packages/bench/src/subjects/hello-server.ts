import { createServer, type Server } from 'node:http';

/** What every subject must answer. */
export const HELLO_BODY = '{"message":"Hello from the server behind it","ok":true}\n';

/** The small server that all subjects stand in front of; it does not listen yet. */
export function createHelloServer(): Server {
  const body = Buffer.from(HELLO_BODY);
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(body);
  });
  // A connection that nginx keeps while the other subjects have their turn must not be closed under it.
  server.keepAliveTimeout = 600_000;
  return server;
}
