import { IncomingMessage, type Server, ServerResponse } from 'node:http';

type RequestClass = new (socket: never) => IncomingMessage;
type ResponseClass = new (request: IncomingMessage, options?: object) => ServerResponse;

/** What a server makes its messages of. */
export interface MessageClasses {
  readonly Request: RequestClass;
  readonly Response: ResponseClass;
  /** Key under which a response keeps the server's option `uniqueHeaders`. */
  readonly uniqueHeaders: symbol | undefined;
}

/**
 * The classes that `createServer({ IncomingMessage, ServerResponse })` was given. Node keeps them under private symbols,
 * with these descriptions in every version since 10; where they are not found, Node's own classes serve.
 */
export function messageClassesOf(server: Server): MessageClasses {
  const symbols = Object.getOwnPropertySymbols(server);
  const keyOf = (description: string): symbol | undefined => symbols.find((key) => key.description === description);
  const classOf = <T>(description: string, own: T): T => {
    const key = keyOf(description);
    const found = key && (server as unknown as Record<symbol, unknown>)[key];
    return typeof found === 'function' ? (found as T) : own;
  };
  return {
    Request: classOf<RequestClass>('IncomingMessage', IncomingMessage as unknown as RequestClass),
    Response: classOf<ResponseClass>('ServerResponse', ServerResponse as unknown as ResponseClass),
    uniqueHeaders: keyOf('kUniqueHeaders'),
  };
}

/** Key of a response's mark that a writer waits for `drain`; only Node's own server clears it otherwise. */
export function needDrainKey(response: ServerResponse): symbol | undefined {
  return Object.getOwnPropertySymbols(response).find((key) => key.description === 'kNeedDrain');
}
