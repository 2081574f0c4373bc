import { createGateway, type Gateway } from '@reverse-http/gateway';
import { type Middleman, startMiddleman } from '../support/middleman.js';

/** A connector that runs. */
export interface StartedConnector {
  /** Ends it; resolves when it is gone. */
  close(): Promise<void>;
}

/**
 * Starts the connector to be tried; resolves when it serves `target`, with the paths of `support/test-server.js` that the cases use:
 * `/hello`, `/down`, `/up`, `/events`, `/say`, `/running`.
 */
export type StartConnector = (gatewayUrl: string, target: string, token: string) => Promise<StartedConnector>;

/** A connector behind a gateway of ours, with a hop between the two that can fail. */
export interface Stage {
  /** Where the visitors of the connector go; ends with `/`. */
  readonly url: string;
  readonly hop: Middleman;
  /** Ends the gateway without a word, and puts another in its place. */
  replaceGateway(): Promise<void>;
  close(): Promise<void>;
}

const token = 'a token for the cases';

/** Starts all three. */
export async function startStage(start: StartConnector): Promise<Stage> {
  let gateway = await startGateway();
  const hop = await startMiddleman(gateway.url!);
  const connector = await start(hop.url, 'A', token);
  const url = (): string => `${gateway.url}/gw/A/`;
  // Whoever is ready is reachable, but the gateway lets only a few visitors wait until the transport is proven.
  await (await fetch(`${url()}hello`)).arrayBuffer();
  return {
    get url() {
      return url();
    },
    hop,
    async replaceGateway() {
      hop.cut('rst');
      await gateway.abort();
      gateway = await startGateway();
      hop.behind = gateway.url!;
    },
    async close() {
      await connector.close();
      await gateway.abort();
      await hop.close();
    },
  };
}

async function startGateway(): Promise<Gateway> {
  const gateway = createGateway({ listeners: [{ port: 0 }], auth: { tokens: [token] } });
  await gateway.start();
  return gateway;
}
