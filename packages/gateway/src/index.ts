export { type ErrorCode, ReverseHttpError } from '@reverse-http/protocol/errors';
export type { Delivered } from '@reverse-http/protocol/exchange';
export type { AdminOptions } from './admin/admin-options.js';
export type { MetricsAdapter } from './admin/admin-routes.js';
export type { MetricFamily, MetricValue } from './admin/metric-family.js';
export type { Credentials } from './credentials/credentials.js';
export type { Authenticate, Grant } from './credentials/grant.js';
export { createToken } from './credentials/token.js';
export type { NewToken, NewTokenOptions, TokenEntry } from './credentials/token-edits.js';
export { createTokenStore, type TokenStore, type TokenStoreOptions } from './credentials/token-store.js';
export { createGateway, type Gateway } from './gateway.js';
export type { Listener } from './gateway-listeners.js';
export type {
  ConnectionDeadlines,
  Count,
  Duration,
  GatewayOptions,
  ListenAddress,
  ListenerOptions,
  RouteOptions,
  Size,
  TargetDeadlines,
  TargetOptions,
} from './gateway-options.js';
export { findOptionProblems } from './options/find-option-problems.js';
export { formatOptionProblem, type OptionPath, type OptionProblem } from './options/option-problem.js';
export { byCookie, type CookieRouteOptions } from './routing/by-cookie.js';
export { byFunction, type RouteDecision, type RouteFunction } from './routing/by-function.js';
export { byHeader } from './routing/by-header.js';
export { byHost } from './routing/by-host.js';
export { byPath, type PathRouteOptions } from './routing/by-path.js';
export type { Route, RouteMatch } from './routing/route.js';
export type { RouteRequest } from './routing/route-request.js';
export { toTarget } from './routing/to-target.js';
export { type AccessLogEntry, formatAccessLogEntry } from './tap/access-log.js';
export type { GatewayEvent, SessionStatus, TargetStatus } from './targets/status.js';
export type { KickedParty } from './tunnel/reception.js';
