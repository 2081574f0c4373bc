import { connect } from '@reverse-http/connector';
import { connect as connectNode } from '@reverse-http/connector/node';
import type { TestConnectOptions, TestGateway } from '@reverse-http/gateway/testing';
import { expectTypeOf, test } from 'vitest';

// The types alone matter here: `npm run check` compiles this file, and nothing below is called.
const typesOnly = (_body: () => void): void => {};
declare const gateway: TestGateway;

test('callbacks among the options know what they are given, at either entry', () => {
  typesOnly(() => {
    connect(
      () => new Response(),
      gateway.connectOptions({ target: 'A', onState: (now, before) => [now.state, before.state] }),
    );
    connectNode(
      3000,
      gateway.connectOptions({ target: ['A', 'B'], token: async () => 't', onState: (now) => now.state }),
    );
    connectNode(
      (request, response) => response.end(request.url),
      gateway.connectOptions({ target: 'A', onError: (_error, request) => request?.url }),
    );
    // @ts-expect-error -- there is no such transport
    connectNode(3000, gateway.connectOptions({ target: 'A', transport: 'pol' }));
    // @ts-expect-error -- a target is wanted
    connectNode(3000, gateway.connectOptions({ onState: (now) => now.state }));
  });
});

test('options may be made apart, for some connect() to come', () => {
  typesOnly(() => {
    const options = gateway.connectOptions({ target: 'A', transport: 'poll' });
    expectTypeOf(options).toExtend<TestConnectOptions>();
    expectTypeOf(options.transport).toEqualTypeOf<'poll'>();
    connect(() => new Response(), options);
    connectNode(3000, { ...gateway.connectOptions({}), target: 'B', onState: (now) => now.state });
  });
});
