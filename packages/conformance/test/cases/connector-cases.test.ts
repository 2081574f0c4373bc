import { connect } from '@reverse-http/connector/node';
import { describe, test } from 'vitest';
import { createTestServer } from '../support/test-server.js';
import { connectorCases } from './connector-cases.js';
import { hasPython, startPythonConnector } from './python-connector.js';
import { type StartConnector, startStage } from './stage.js';

const own = (transport: 'websocket' | 'poll'): StartConnector => {
  return async (gateway, target, token) => {
    const connection = connect(createTestServer(), { gateway, target, token, transport, logger: false });
    await connection.ready;
    return { close: async () => connection.abort() };
  };
};

const subjects: readonly [name: string, start: StartConnector, skipped?: boolean][] = [
  ['our connector over a WebSocket', own('websocket')],
  ['our connector over long polling', own('poll')],
  [
    hasPython ? 'the Python connector' : 'the Python connector (there is no python3, 3.11 or newer)',
    startPythonConnector,
    !hasPython,
  ],
];

for (const [name, start, skipped = false] of subjects) {
  describe.skipIf(skipped)(name, () => {
    for (const { name, run } of connectorCases) {
      test(name, async () => {
        const stage = await startStage(start);
        try {
          await run(stage);
        } finally {
          await stage.close();
        }
      });
    }
  });
}
