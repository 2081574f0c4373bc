export { AcceptedExchange, type RequestHandler } from './accepted-exchange.js';
export { Metadata } from './metadata.js';
export { type AnswerHandler, type Delivered, OpenedExchange, type OpenedRequest } from './opened-exchange.js';
export {
  exchangeHeadLimits,
  scanExchangeAnswer,
  scanExchangeRequest,
  scanExchangeTrailers,
} from './scan-exchange-head.js';
