const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Whether a text can be a target id: up to 63 of `A-Za-z0-9._-`, alphanumeric at both ends. */
export function isTargetId(text: string): boolean {
  return pattern.test(text);
}
