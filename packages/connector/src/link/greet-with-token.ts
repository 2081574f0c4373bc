import type { Goodbye, Hello } from '@reverse-http/protocol/session';
import type { ConnectOptions } from '../connect-options.js';
import { askToken } from './ask-token.js';
import { type GreetingHandler, type GreetingOptions, greet } from './greeting.js';

/** One dial, whose hello carries a token that is asked for. */
export interface TokenGreetingOptions extends Omit<GreetingOptions, 'hello'> {
  readonly token: ConnectOptions<never>['token'];
  readonly createHello: (token: string | undefined) => Hello;
}

/**
 * Asks for the token, then says hello. Where that is refused, and the function gives another token by now (its file was
 * written meanwhile, or the gateway started that makes it), another hello follows at once. The result gives up.
 */
export function greetWithToken(options: TokenGreetingOptions, handler: GreetingHandler): () => void {
  const { token, createHello } = options;
  let giveUp = (): void => {};
  let hangUp = (): void => {};

  function ask(onToken: (token: string | undefined) => void): void {
    giveUp = askToken(token, { onToken, onFailed: (error) => handler.onFailed(error) });
  }

  function say(used: string | undefined, onRefused: (goodbye: Goodbye) => void): void {
    hangUp = greet(
      { ...options, hello: createHello(used) },
      {
        onWelcome: (welcome, transport) => handler.onWelcome(welcome, transport),
        onRefused,
        onFailed: (error) => handler.onFailed(error),
      },
    );
  }

  ask((first) =>
    say(first, (refusal) => {
      if (refusal.code !== 'unauthorized' || typeof token !== 'function') return handler.onRefused(refusal);
      ask((second) => {
        if (second === first) handler.onRefused(refusal);
        else say(second, (goodbye) => handler.onRefused(goodbye));
      });
    }),
  );
  return () => {
    giveUp();
    hangUp();
  };
}
