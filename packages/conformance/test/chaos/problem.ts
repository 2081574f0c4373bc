/** What was not as planned. */
export interface Problem {
  readonly kind: 'lost' | 'corrupted';
  readonly saw: string;
}
