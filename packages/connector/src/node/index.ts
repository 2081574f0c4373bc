export { type ErrorCode, ReverseHttpError } from '@reverse-http/protocol/errors';
export type { Clock, Timer } from '@reverse-http/protocol/session';
export type { ConnectOptions, Logger, TokenSource } from '../connect-options.js';
export type {
  CloseOptions,
  CloseReason,
  Connection,
  ConnectionState,
  RegisteredTarget,
  Registration,
} from '../connection.js';
export type {
  AnswerBody,
  FetchAnswer,
  FetchApplication,
  FetchContext,
  FetchRequest,
  FetchResult,
  Peer,
  TrailersInit,
  UpgradedStream,
  UpgradeOptions,
} from '../handler/fetch-handler.js';
export type { FieldsInit, FieldValue } from '../handler/field-lines.js';
export type { WebSocketConstructor, WebSocketEvent, WebSocketLike } from '../transport/web-socket.js';
export { connect, type NodeConnectOptions, type SeveralTargetsOptions } from './connect.js';
export { byTarget, type ForwardedTo, type TargetHandler, type TargetHandlers } from './handler/by-target.js';
export type { NodeHandler } from './handler/node-handler.js';
export type { Origin } from './origin/origin-address.js';
export type { OriginOptions, OriginState } from './origin/origin-options.js';
export { probeOrigin } from './origin/probe-origin.js';
export { proxyFromEnvironment } from './proxy/environment.js';
export type { TlsOptions } from './transport/web-socket.js';
