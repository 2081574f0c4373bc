/** The target that the connector with this number in a crowd serves. */
export function deviceId(number: number): string {
  return `device-${number}`;
}
