export { type ErrorCode, ReverseHttpError } from '@reverse-http/protocol/errors';
export type { Clock, Timer } from '@reverse-http/protocol/session';
export { connect, type FetchConnectOptions } from './connect.js';
export type { ConnectOptions, Logger, TokenSource } from './connect-options.js';
export type {
  CloseOptions,
  CloseReason,
  Connection,
  ConnectionState,
  RegisteredTarget,
  Registration,
} from './connection.js';
export type {
  AnswerBody,
  FetchAnswer,
  FetchApplication,
  FetchContext,
  FetchFunction,
  FetchHandler,
  FetchRequest,
  FetchResult,
  Peer,
  TrailersInit,
  UpgradedStream,
  UpgradeOptions,
} from './handler/fetch-handler.js';
export type { FieldsInit, FieldValue } from './handler/field-lines.js';
export type { WebSocketConstructor, WebSocketEvent, WebSocketLike } from './transport/web-socket.js';
