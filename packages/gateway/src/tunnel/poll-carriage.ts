import { ReverseHttpError } from '@reverse-http/protocol/errors';
import { MessageKind } from '@reverse-http/protocol/pipe';
import { PollAcceptor, type PollRequest, type PollResponder, transportOver } from '@reverse-http/protocol/poll';
import { type Clock, encodeControl, type Transport } from '@reverse-http/protocol/session';
import { goodbyeOf } from './hello-check.js';
import type { Place } from './place.js';
import type { PlaceTable } from './place-table.js';

/** What carrying polls needs of the reception. */
export interface PollCarriageOptions {
  readonly places: PlaceTable;
  readonly clock: Clock;
  /** A place is to be carried by this transport from now on. */
  readonly prove: (place: Place, attach: number, transport: Transport) => void;
}

/** Takes the requests of long polling to their sessions; the responder is called now or later. */
export function createPollCarriage(
  options: PollCarriageOptions,
): (request: PollRequest, responder: PollResponder) => void {
  const { places, clock, prove } = options;

  /** The transport that a request belongs to; undefined for one that another transport has replaced. */
  function acceptorOf(place: Place, attach: number): PollAcceptor | undefined {
    if (place.poll?.attach === attach) return place.poll.acceptor;
    if (attach !== place.attach) return undefined;
    const acceptor = new PollAcceptor({ clock, roundTripMs: () => place.session.roundTripMs });
    place.poll = { attach, acceptor };
    prove(place, attach, acceptor);
    return acceptor;
  }

  function answerGoodbye({ session, poll }: PollRequest, responder: PollResponder): void {
    const goodbye = encodeControl(MessageKind.Close, places.endOf(session) ?? goodbyeOf('gone'));
    responder.answer({ counts: true, number: poll?.number ?? 0, messages: [goodbye] });
  }

  return (request, responder) => {
    const place = places.ofSession(request.session);
    if (!place) return answerGoodbye(request, responder);
    const acceptor = acceptorOf(place, request.attach);
    // At its first message it may have had to yield to another connector.
    if (places.ofSession(request.session) !== place) return answerGoodbye(request, responder);
    if (!acceptor) return responder.answer(transportOver);
    try {
      acceptor.receive(request, responder);
    } catch (error) {
      if (!(error instanceof ReverseHttpError) || error.code !== 'protocol-error') throw error;
      place.session.close('protocol-error', error.message);
      responder.answer(transportOver);
    }
  };
}
