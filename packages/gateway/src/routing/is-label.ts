const pattern = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Whether a target id is one DNS label, so that a host route can reach it. */
export function isLabel(target: string): boolean {
  return pattern.test(target);
}
