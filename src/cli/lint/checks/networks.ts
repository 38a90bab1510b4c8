/** Networks that are likely a slip, or trusted without knowing who comes from them. */
import { containsNetwork, type Network } from '../../../policy/entries/containment';
import { parseAddress, widthOf } from '../../../policy/entries/ip-address';
import type { LintCode } from '../finding';

export interface Slip {
  readonly code: LintCode;
  readonly detail?: string;
}

/** The network of an address with or without a length; host bits do not matter. */
export function parseNetwork(text: string): Network | undefined {
  const [addressText = '', length] = text.split('/');
  const address = parseAddress(addressText);
  return address && { address, length: length === undefined ? widthOf(address.family) : Number(length) };
}

/** A network whose clients may relay. */
export function slipOfTrusted(network: Network): Slip | undefined {
  const range = specialRanges.find(({ around }) => containsNetwork(around, network));
  if (range && (range.hostsToo || !isHost(network) || isBridgeGateway(range.code, network)))
    return { code: range.code };
  return range ? undefined : wide(network, { 4: 12, 6: 28 });
}

/** A network whose clients are refused: whole registries' allocations are sometimes meant. */
export function slipOfDenied(network: Network): Slip | undefined {
  return wide(network, { 4: 8, 6: 16 });
}

/** A trusted network so wide that nobody knows all of its machines. */
export function unscoped(network: Network): Slip | undefined {
  return wide(network, { 4: 16, 6: 32 }, 'network-unscoped');
}

/**
 * An address without a length that looks like a network: `133.9.13.0`, `2001:db8:12::`. With the network that is likely
 * meant. `text` is the entry as written.
 */
export function networkMeant(text: string): string | undefined {
  const written = text.replace(/^!/, '');
  if (/^[0-9]+\.[0-9]+\.[0-9]+\.0$/.test(written)) {
    const octets = written.split('.');
    while (octets.length > 1 && octets.at(-1) === '0') octets.pop();
    return `${text}/${8 * octets.length}`;
  }
  const groups = /^([0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,3})::$/i.exec(written)?.[1]?.split(':');
  return groups && `${text}/${16 * groups.length}`;
}

function wide(
  { address, length }: Network,
  shortest: Readonly<Record<4 | 6, number>>,
  code: LintCode = 'network-wide',
): Slip | undefined {
  if (length >= shortest[address.family]) return undefined;
  return { code, detail: `2^${widthOf(address.family) - length}` };
}

function isHost({ address, length }: Network): boolean {
  return length === widthOf(address.family);
}

/** Docker gives the bridge itself the first address: from there comes anyone who reached a published port. */
function isBridgeGateway(code: LintCode, { address }: Network): boolean {
  return code === 'network-docker' && (address.w0 & 0xffff) === 1;
}

function special(code: LintCode, text: string, hostsToo = false) {
  return { code, hostsToo, around: parseNetwork(text) as Network };
}

/** The most specific diagnosis first. RFC 1918, 3927, 4193, 6598, and the pools that Docker takes its bridges from. */
const specialRanges = [
  special('network-loopback', '127.0.0.0/8', true),
  special('network-loopback', '::1/128', true),
  special('network-docker', '172.17.0.0/16'),
  special('network-docker', '172.18.0.0/15'),
  special('network-docker', '172.20.0.0/14'),
  special('network-docker', '172.24.0.0/14'),
  special('network-docker', '172.28.0.0/14'),
  special('network-private', '10.0.0.0/8'),
  special('network-private', '172.16.0.0/12'),
  special('network-private', '192.168.0.0/16'),
  special('network-private', '169.254.0.0/16'),
  special('network-private', '100.64.0.0/10'),
  special('network-private', 'fc00::/7'),
  special('network-private', 'fe80::/10'),
];
