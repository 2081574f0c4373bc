/** Whether nobody on the way to a gateway can read along: TLS, or this machine alone. */
export function isConfidential(gateway: string): boolean {
  const { protocol, hostname } = new URL(gateway);
  return protocol === 'https:' || /^(?:(?:.*\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
