import { expect } from 'vitest';
import { Closed, type Messages, newHello, type RawAnswer, readMessages, readReason, send } from '../raw-poll.js';
import { openSession, type RawSession } from '../raw-session.js';

/** A gateway to be tried: its origin, and a token that lets connectors in for any target. */
export interface GatewaySubject {
  readonly url: string;
  readonly token: string;
}

/** Something that every gateway does. */
export interface GatewayCase {
  /** What is true of it, in the words of the table of results. */
  readonly name: string;
  /** Runs it on a target that no other case uses; throws when it is not so. */
  run(gateway: GatewaySubject, target: string): Promise<void>;
}

/** A session of its own for a target. */
export function open({ url, token }: GatewaySubject, target: string, more?: object): Promise<RawSession> {
  return openSession(url, newHello(target, token, more));
}

/** Where visitors of a target go. */
export function urlOf(session: RawSession, target: string): string {
  return session.welcome.urls[target]![0]!;
}

/** Sends a body and reads the messages that it brings. */
export async function request(gateway: string, endpoint: 'poll' | 'post', body: Buffer): Promise<Messages> {
  return readMessages(await send(gateway, endpoint, body));
}

/** The code of a refuse message. */
export function readRefusal({ status, bytes }: RawAnswer): string {
  expect(status).toBe(200);
  expect(bytes[0]).toBe(0x03);
  return readReason(bytes).code;
}

/** What is asked for fails, for the session was closed with this code. */
export async function expectClosed(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Closed);
  expect((error as Closed).code).toBe(code);
}

/** A visitor's request goes through the session. */
export async function expectServes(session: RawSession, target: string): Promise<void> {
  const visitor = fetch(urlOf(session, target));
  const { streamId } = await session.frame(0x03);
  await session.answer(streamId, 'served');
  expect(await (await visitor).text()).toBe('served');
}
