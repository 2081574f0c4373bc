/** Bounds of one head. Passing one has an answer of its own. */
export interface HeadLimits {
  /** Start line, fields and the empty line, with empty lines before them, bytes: beyond it 431. Default 32 KiB. */
  readonly maxHeadBytes: number;
  /** Request target, bytes: beyond it 414. Default 16 KiB. */
  readonly maxTargetBytes: number;
  /** Number of fields: beyond it 431. Default 200. */
  readonly maxFields: number;
  /** Whether metadata lines (`:name value`) may stand before the fields: only inside a session. Default false. */
  readonly metadata?: boolean;
}

/** What a visitor's head may be. */
export const defaultHeadLimits: HeadLimits = { maxHeadBytes: 32 * 1024, maxTargetBytes: 16 * 1024, maxFields: 200 };

/** Empty lines that may stand before a request line (RFC 9112, section 2.2): beyond them 400. */
export const maxEmptyLines = 8;

/**
 * What all Connection fields of a head may list: beyond it 400. Each option is looked for among all fields, so that a
 * head of the largest size would take 15 ms otherwise.
 */
export const maxConnectionOptions = 100;

/** Bounds of chunked framing. */
export interface ChunkLimits {
  /** A chunk's size line with its extensions, without its line end, bytes: beyond it 400. Default 4 KiB. */
  readonly maxChunkLineBytes: number;
  /** The trailer section with its empty line, bytes: beyond it 431. Default 16 KiB. */
  readonly maxTrailerBytes: number;
  /** Number of trailer fields: beyond it 431. Default 100. */
  readonly maxTrailerFields?: number;
}

/** What a visitor's chunked body may be. */
export const defaultChunkLimits: ChunkLimits = {
  maxChunkLineBytes: 4096,
  maxTrailerBytes: 16 * 1024,
  maxTrailerFields: 100,
};
