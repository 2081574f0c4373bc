export type { AcceptedSocket as TestSocket } from '../machine/machine.js';
export type { TestWebSocket } from './link-web-socket.js';
export type { TestClock } from './test-clock.js';
export {
  startTestGateway,
  type TestDialOptions,
  type TestGateway,
  type TestGatewayOptions,
  type TestRequestInit,
} from './test-gateway.js';
export type { MoreConnectOptions, TestConnectOptions, TestLink } from './test-link.js';
