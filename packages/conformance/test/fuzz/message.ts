/** A message as a reader took it. */
export interface Message {
  /** Method and target, or the status. */
  readonly start: string;
  /** Field lines but those of one hop, each `name: value`, in lower case up to the colon. */
  readonly fields: readonly string[];
  body: string;
  /** Whether its framing said that it was whole. */
  complete: boolean;
}

/** Fields from Node's alternating names and values. */
export function fieldsOf(raw: readonly string[]): string[] {
  return Array.from({ length: raw.length / 2 }, (_, i) => `${raw[i * 2]!.toLowerCase()}: ${raw[i * 2 + 1]}`);
}

/** How a message as it arrived differs from one as it was sent; undefined when it may be the same, whole or cut short. */
export function differenceOf(arrived: Message, sent: Message, added: ReadonlySet<string>): string | undefined {
  if (arrived.start !== sent.start) return 'another start line';
  const strange = arrived.fields.find(
    (field) => !added.has(field.slice(0, field.indexOf(':'))) && !sent.fields.includes(field),
  );
  if (strange !== undefined) return `a field that was not sent: ${JSON.stringify(strange)}`;
  if (!arrived.complete) return sent.body.startsWith(arrived.body) ? undefined : 'another body';
  if (!sent.complete) return 'it passes for whole';
  return arrived.body === sent.body ? undefined : 'another body';
}
