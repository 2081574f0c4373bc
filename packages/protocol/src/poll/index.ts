export { HoldTime } from './hold-time.js';
export { PollAcceptor, type PollAcceptorOptions, type PollResponder } from './poll-acceptor.js';
export {
  decodePollAnswer,
  decodePollRequest,
  encodePollAnswer,
  encodePollRequest,
  maxMessagesPerBody,
  maxPollHeaderBytes,
  type PollAnswer,
  PollKind,
  type PollRequest,
  type PollTerms,
  pollAnswerBody,
  pollRequestBody,
  sessionOfPoll,
  transportOver,
} from './poll-message.js';
export { createPollPath, type PollPath } from './poll-path.js';
export { PollRequester } from './poll-requester.js';
export type { PollOutcome, PollRequesterOptions } from './poll-requester-options.js';
