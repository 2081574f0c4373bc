/** What a socket counts; a stream that is none counts nothing. */
export interface SocketCounts {
  readonly bytesRead?: number;
  /** Bytes written to it, those that wait included. */
  readonly bytesWritten?: number;
  /** Bytes that wait to be taken by the kernel. */
  readonly writableLength: number;
}

/**
 * {@link Transport.movedBytes} of a socket: bytes read, and while some wait to be written those that the kernel took. With
 * its buffer full it takes more only as the peer does; without that it takes a dead link's bytes too.
 */
export function movedBytesOf({ bytesRead = 0, bytesWritten = 0, writableLength }: SocketCounts): number {
  return writableLength === 0 ? bytesRead : bytesRead + bytesWritten - writableLength;
}
