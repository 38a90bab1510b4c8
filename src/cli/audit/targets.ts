/** Which addresses and ports are meant, and whether one may ask them without saying whose they are. */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import os from 'node:os';
import { containsNetwork } from '../../policy/entries/containment';
import { type NetworkEntry, parseEntry } from '../../policy/entries/entry';
import { isTextOf, parseAddress, widthOf } from '../../policy/entries/ip-address';
import { CannotRun } from '../io';
import type { Channel, Protocol } from './session/channel';

export interface Target {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly implicit: boolean;
}

/** `host`, `host:port`, `192.0.2.1:25`, `2001:db8::1`, `[2001:db8::1]:25`. */
export function parseTarget(text: string, protocol: Protocol, implicit: boolean): Target {
  const standard = protocol === 'smtp' ? (implicit ? 465 : 25) : implicit ? 995 : 110;
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const [host, port] =
    bracketed !== null
      ? [bracketed[1], bracketed[2]]
      : net.isIPv6(text)
        ? [text, undefined]
        : [/^([^:]*)/.exec(text)?.[1], /^[^:]+:(\d+)$/.exec(text)?.[1]];
  const number = port === undefined ? standard : Number(port);
  const complete = bracketed !== null || net.isIPv6(text) || /^[^:]+(?::\d+)?$/.test(text);
  if (host === undefined || host === '' || !complete || number < 1 || number > 65535) {
    throw new CannotRun(`“${text}” is no HOST or HOST:PORT; an IPv6 address with a port is written [2001:db8::1]:25`);
  }
  return { protocol, host, port: number, implicit: implicit || number === (protocol === 'smtp' ? 465 : 995) };
}

export interface Families {
  readonly 4: boolean;
  readonly 6: boolean;
}

/** Every address the name has, in the families asked for, one channel for each way TLS may begin. */
export async function channelsOf(
  target: Target,
  families: Families,
  tls: boolean,
  resolve: Resolve = async (host) => await lookup(host, { all: true }),
): Promise<readonly Channel[]> {
  const addresses = (await addressesOf(target.host, resolve)).filter(({ family }) => families[family]);
  if (addresses.length === 0) throw new CannotRun(`${target.host} has no address in the family that was asked for`);
  // Both families first, the same way: what differs between them is what most audits never see.
  const ways = target.implicit
    ? (['implicit'] as const)
    : tls
      ? (['plain', 'starttls'] as const)
      : (['plain'] as const);
  return addresses.flatMap(({ address, family }) =>
    ways.map((security) => ({
      protocol: target.protocol,
      host: target.host,
      address,
      family,
      port: target.port,
      security,
    })),
  );
}

type Resolve = (host: string) => Promise<ReadonlyArray<{ readonly address: string; readonly family: number }>>;

async function addressesOf(
  host: string,
  resolve: Resolve,
): Promise<ReadonlyArray<{ readonly address: string; readonly family: 4 | 6 }>> {
  const plain = net.isIP(host.split('%')[0] ?? host);
  if (plain > 0) return [{ address: host, family: plain === 6 ? 6 : 4 }];
  try {
    const found = await resolve(host);
    const seen = new Set<string>();
    return found.flatMap(({ address, family }) => {
      if (seen.has(address)) return [];
      seen.add(address);
      return [{ address, family: family === 6 ? (6 as const) : (4 as const) }];
    });
  } catch (error) {
    throw new CannotRun(`${host} cannot be looked up: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** RFC 1122, 1918, 3927, 4193 and 4291: loopback, private, link-local and unique local addresses. */
const localRanges = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
].map((text) => parseEntry(text) as NetworkEntry);

/** Whether the address lies in one of the local ranges, or belongs to an interface of this machine. */
export function isLocalAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  const host = { address, length: widthOf(address.family) };
  if (localRanges.some((range) => containsNetwork(range, host))) return true;
  return Object.values(os.networkInterfaces()).some((list) =>
    (list ?? []).some((own) => isTextOf(address, own.address)),
  );
}
