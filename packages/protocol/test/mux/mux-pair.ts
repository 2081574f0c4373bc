import {
  frameLength,
  Mux,
  type MuxOptions,
  type MuxStream,
  type StreamHandler,
  writeFrameHeader,
} from '../../src/mux/index.js';
import { ByteBody } from '../sim/byte-body.js';

/** What a stream told its handler, in order. */
export class Recorder implements StreamHandler {
  readonly heads: string[] = [];
  readonly events: string[] = [];
  received = 0;
  onHead(bytes: Uint8Array, interim: boolean, ended: boolean): void {
    this.events.push(interim ? 'interim' : ended ? 'head-end' : 'head');
    this.heads.push(Buffer.from(bytes).toString('latin1'));
  }
  onData(bytes: Uint8Array): void {
    this.received += bytes.length;
  }
  onEnd(trailers: Uint8Array | undefined): void {
    this.events.push(trailers ? 'trailers' : 'end');
  }
  onReset(code: number, detail: string): void {
    this.events.push(`reset ${code} ${detail}`.trim());
  }
}

/** Two muxes, and bytes that are carried between them by hand. */
export class MuxPair {
  now = 0;
  roundTripMs: number | undefined;
  readonly accepted: { stream: MuxStream; handler: Recorder }[] = [];
  readonly opener: Mux;
  readonly acceptor: Mux;
  readonly offsets = { opener: 0, acceptor: 0 };
  readonly acked = { opener: 0, acceptor: 0 };

  constructor(opener: Partial<MuxOptions> = {}, acceptor: Partial<MuxOptions> = {}) {
    const common = { onPending() {}, now: () => this.now, roundTripMs: () => this.roundTripMs, random: () => 0.5 };
    this.opener = new Mux({ ...common, opener: true, ackedOffset: () => this.acked.opener, ...opener });
    this.acceptor = new Mux({
      ...common,
      opener: false,
      ackedOffset: () => this.acked.acceptor,
      onStream: (stream) => {
        const handler = new Recorder();
        this.accepted.push({ stream, handler });
        return handler;
      },
      ...acceptor,
    });
  }

  /** Pulls once and gives the bytes. */
  pull(from: 'opener' | 'acceptor', room = 64 * 1024, scope: 'all' | 'control' = 'all'): Uint8Array {
    const into = new Uint8Array(room + 17);
    const end = this[from].pull(into, 17, room + 17, scope, this.offsets[from]);
    this.offsets[from] += end - 17;
    return into.subarray(17, end);
  }

  /** Carries everything one way, until there is nothing to pull; returns how many bytes. */
  carry(from: 'opener' | 'acceptor'): number {
    const start = this.offsets[from];
    for (let bytes = this.pull(from); bytes.length > 0; bytes = this.pull(from)) {
      this[from === 'opener' ? 'acceptor' : 'opener'].receive(bytes);
    }
    this.acked[from] = this.offsets[from];
    return this.offsets[from] - start;
  }

  /** Both ways, until nothing moves. */
  settle(): void {
    while (this.carry('opener') + this.carry('acceptor') > 0);
  }

  /** Opens a stream with a head and, if any, a body of so many bytes. */
  open(bodyBytes?: number): { stream: MuxStream; handler: Recorder; body: ByteBody } {
    const handler = new Recorder();
    const stream = this.opener.open(handler)!;
    const body = new ByteBody(stream.id);
    stream.sendHead(Buffer.from(`head ${stream.id}`), bodyBytes === undefined);
    if (bodyBytes !== undefined) {
      body.add(bodyBytes);
      stream.sendBody(body);
    }
    return { stream, handler, body };
  }
}

export const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));

export function frame(type: number, streamId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameLength(streamId, payload.length));
  bytes.set(payload, writeFrameHeader(bytes, 0, type, streamId, payload.length));
  return bytes;
}
