import { dataMessage, frame, integer } from '../raw-poll.js';
import type { RawSession } from '../raw-session.js';
import { expectClosed, expectServes, type GatewayCase, open, urlOf } from './gateway-case.js';

/** What a broken rule leads to. */
export const violationCases: readonly GatewayCase[] = [
  violation('an ack of what was never sent: protocol-error', 'protocol-error', (session) =>
    session.post(dataMessage(0, 1_000_000)),
  ),
  violation('a poll before its time: protocol-error', 'protocol-error', (session) =>
    session.poll({ number: 3, lowest: 1 }),
  ),
  violation('an unknown frame with an odd number: protocol-error', 'protocol-error', (session) =>
    session.write(frame(0x13, 0)),
  ),
  violation('a data frame above 64 KiB: protocol-error', 'protocol-error', (session) =>
    session.write(Buffer.concat([Buffer.from([0x05]), integer(1), integer(65_537)])),
  ),
  violation('a head above 56 KiB: protocol-error', 'protocol-error', (session) =>
    session.write(Buffer.concat([Buffer.from([0x01]), integer(1), integer(57_345)])),
  ),
  violation('a frame that is skipped, above 64 KiB: protocol-error', 'protocol-error', (session) =>
    session.write(Buffer.concat([Buffer.from([0x20]), integer(0), integer(65_537)])),
  ),
  violation('a frame for a stream that never was: protocol-error', 'protocol-error', (session) =>
    session.write(frame(0x05, 999, 'x')),
  ),
  violation('a message of an unknown kind: protocol-error', 'protocol-error', (session) =>
    session.post(Buffer.from('12', 'hex')),
  ),
  violation('a message that is cut short: protocol-error', 'protocol-error', (session) =>
    session.post(Buffer.from('1040', 'hex')),
  ),
  violation('an integer of 2^53: protocol-error', 'protocol-error', (session) =>
    session.post(Buffer.from('10c02000000000000000', 'hex')),
  ),
  violation('more data than was granted: flow-control', 'flow-control', (session, streamId) => {
    const piece = frame(0x05, streamId, Buffer.alloc(65_536));
    return session.write(frame(0x01, streamId, 'HTTP/1.1 200 OK\r\n\r\n'), piece, frame(0x05, streamId, 'x'), piece);
  }),
  violation('a reset whose text is too long: protocol-error', 'protocol-error', (session, streamId) =>
    session.write(frame(0x0d, streamId, `\0${'x'.repeat(300)}`)),
  ),
  violation('an empty message: protocol-error', 'protocol-error', (session) => session.post(Buffer.alloc(0))),
  violation('bytes beyond 2^53: protocol-error', 'protocol-error', (session) =>
    session.post(dataMessage(2 ** 53 - 1, 0, Buffer.from('xx'))),
  ),
  violation('a poll whose lowest is above itself: protocol-error', 'protocol-error', (session) =>
    session.poll({ number: 1, lowest: 2 }),
  ),
  violation('a poll whose lowest was never asked for: protocol-error', 'protocol-error', (session) =>
    session.poll({ number: 7, lowest: 6 }),
  ),
  violation('a sum of credit above 2^52: flow-control', 'flow-control', (session, streamId) =>
    session.write(frame(0x0b, streamId, integer(2 ** 52)), frame(0x0b, streamId, integer(2 ** 52))),
  ),
  violation('credit of 0: protocol-error', 'protocol-error', (session, streamId) =>
    session.write(frame(0x0b, streamId, integer(0))),
  ),
];

/** A session with a request in flight that breaks a rule, beside one that does not notice. */
function violation(
  name: string,
  code: string,
  commit: (session: RawSession, streamId: number) => Promise<unknown>,
): GatewayCase {
  return {
    name,
    async run(gateway, target) {
      const other = await open(gateway, `${target}-other`);
      const session = await open(gateway, target);
      const visitor = fetch(urlOf(session, target), { method: 'POST', body: 'x'.repeat(100_000) });
      visitor.catch(() => {});
      const { streamId } = await session.frame(0x01);
      await expectClosed(
        commit(session, streamId).then(() => session.poll({ holdMs: 0 })),
        code,
      );
      await expectServes(other, `${target}-other`);
    },
  };
}
