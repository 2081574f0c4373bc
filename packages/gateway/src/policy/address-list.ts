import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

/** Whether an address is on a list. */
export type AddressList = (address: string) => boolean;

/**
 * Reads a list of addresses and blocks (`10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`). IPv4 addresses are the same in the
 * form that dual-stack sockets give them (`::ffff:10.0.0.1`), on the list as well as asked for.
 *
 * @throws TypeError for what is neither.
 */
export function createAddressList(entries: readonly string[]): AddressList {
  // One for each version: BlockList takes IPv4 addresses for mapped ones, so that `::/0` would be all of them as well.
  const four = new BlockList();
  const six = new BlockList();
  for (const entry of entries) add(entry, four, six);
  return (address) => {
    const plain = withoutMapping(address);
    const version = isIP(plain);
    return version === 4 ? four.check(plain, 'ipv4') : version === 6 && six.check(plain, 'ipv6');
  };
}

function add(entry: string, four: BlockList, six: BlockList): void {
  const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const plain = withoutMapping(address);
  const most = isIPv4(plain) ? 32 : 128;
  // A block of mapped addresses counts its bits from the front of the longer form.
  const length = bits === undefined ? most : Number(bits) - (plain === address ? 0 : 96);
  if (isIP(plain) === 0 || length < 0 || length > most)
    throw new TypeError(`"${entry}" is not an address or block such as 10.0.0.0/8 or 2001:db8::/32`);
  if (most === 32) four.addSubnet(plain, length, 'ipv4');
  else six.addSubnet(plain, length, 'ipv6');
}

/** An IPv4 address that came as an IPv6 one, as itself. */
export function withoutMapping(address: string): string {
  const found = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return found && isIPv6(address) ? found[1]! : address;
}
