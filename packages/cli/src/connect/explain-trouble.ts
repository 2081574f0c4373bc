import type { ConnectionState } from '@reverse-http/connector/node';
import type { ConnectPlan } from './connect-plan.js';

/** What a failure means and what to do about it, in one line without a full stop; undefined where its own message says it. */
export function explainTrouble(state: ConnectionState, plan: ConnectPlan): string | undefined {
  const error = 'error' in state ? state.error : undefined;
  if (!error) return undefined;
  switch (error.code) {
    case 'revoked':
    case 'unauthorized':
      return error.retryable ? unreadable(error.cause) : unauthorized(plan, error.message);
    case 'unreachable':
      // Of a proxy's own certificate the message says more itself.
      if (/certificate/.test(error.message) && !error.message.includes('NODE_EXTRA_CA_CERTS'))
        return `${withoutStop(error.message)}; name who signed it by --ca-file FILE`;
      return plan.gatewayByDefault ? noLocalGateway(plan.gateway, error.message) : withoutStop(error.message);
    case 'not-a-gateway':
      return `${withoutStop(error.message)}: check --gateway`;
    default:
      return withoutStop(error.message);
  }
}

function unauthorized({ gateway, sites, token }: ConnectPlan, message: string): string {
  const make = `rhttp token create --target '${sites.map(({ target }) => target).join()}'`;
  if (token?.name === undefined) {
    return `${gateway} asks for a token: give --token-file FILE or RHTTP_TOKEN (on the gateway's machine: ${make})`;
  }
  return `${gateway} refused the token from ${token.name}: ${withoutStop(message)}`;
}

function unreadable(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'the token cannot be read';
}

function noLocalGateway(gateway: string, message: string): string {
  return `${withoutStop(message)}; start a gateway (rhttp gateway), or name another one than ${gateway} by --gateway URL`;
}

function withoutStop(message: string): string {
  return message.replace(/\.$/, '');
}
