export { type ErrorCode, ReverseHttpError } from '@reverse-http/protocol/errors';
export type { ConnectOptions, Logger, TokenSource } from '../connect-options.js';
export type { CloseOptions, CloseReason, Connection, ConnectionState, Registration } from '../connection.js';
export { connect, type NodeConnectOptions, type NodeHandler } from './connect.js';
export type { TlsOptions } from './transport/web-socket.js';
