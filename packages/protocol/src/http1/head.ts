/** A poll has fewer fields, and its head waits as long as it does. */
const firstCapacity = 8;

/**
 * Positions of one scanned head over {@link bytes}. Reused from head to head; holds no strings, so a scan allocates
 * nothing. What it says is valid as long as the bytes are.
 */
export class Head {
  bytes: Uint8Array = new Uint8Array(0);
  /** `[start, end)` is the head with its empty line; empty lines before a request line are left out. */
  start = 0;
  end = 0;
  methodStart = 0;
  methodEnd = 0;
  /** The request target as it came. */
  targetStart = 0;
  targetEnd = 0;
  /** Host and port of an absolute-form or authority-form target; equal when it has none. */
  authorityStart = 0;
  authorityEnd = 0;
  /** Path and query: the whole target, or, in absolute-form, what follows the authority; equal means `/` (RFC 9112, section 3.2.2). */
  pathStart = 0;
  pathEnd = 0;
  /** 0 or 1; a higher minor version is processed as 1. */
  minorVersion = 1;
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Block of metadata lines; equal when there are none. */
  metadataStart = 0;
  metadataEnd = 0;
  /** Where the first field line begins and where the empty line does. */
  fieldsStart = 0;
  fieldsEnd = 0;
  /** Number of fields. */
  count = 0;
  /** Four positions a field: name start and end, value start and end (without white space around). */
  positions: Int32Array = new Int32Array(firstCapacity * 4);
  /** What each field is: a number of `Field`. */
  ids: Uint8Array = new Uint8Array(firstCapacity);
  /** -1 when absent. */
  contentLength = -1;
  chunked = false;
  connectionClose = false;
  connectionKeepAlive = false;
  /** An `Upgrade` field that `Connection` lists, in HTTP/1.1; or a CONNECT: what follows may be no HTTP. */
  upgrade = false;
  expectContinue = false;
  /** Index of the Host field; -1 when absent. */
  hostIndex = -1;
  /** What was wrong with the head scanned last; constant texts. */
  detail = '';
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** A view over the memory that `bytes` lie in; most heads lie where the one before them lay. */
  viewOf({ buffer }: Uint8Array): DataView {
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
  }

  /** Makes room for twice as many fields. */
  grow(): void {
    const positions = new Int32Array(this.positions.length * 2);
    positions.set(this.positions);
    this.positions = positions;
    const ids = new Uint8Array(this.ids.length * 2);
    ids.set(this.ids);
    this.ids = ids;
  }

  /** Where field `index` begins: its line runs to the next field's beginning, or to {@link fieldsEnd}. */
  lineStart(index: number): number {
    return index < this.count ? this.positions[index * 4]! : this.fieldsEnd;
  }
}
