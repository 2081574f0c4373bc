/**
 * Why a head was refused: the reason of the answer. Nothing is known about where the message ends, so the connection
 * cannot go on; after `expectation-failed` alone the framing was found good.
 */
export type HeadFault =
  | 'bad-request'
  | 'target-too-long'
  | 'head-too-large'
  | 'version-not-supported'
  | 'not-implemented'
  | 'expectation-failed'
  | 'bad-answer';

/** Outcome of a scan; after a fault `head.detail` says what was wrong. */
export type ScanResult = 'complete' | 'incomplete' | HeadFault;
