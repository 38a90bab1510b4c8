/** A file of expectations as the command writes one. */
import { addressOf, numberOf } from '../../policy/entries/address-range';
import type { Network } from '../../policy/entries/containment';
import { type IpAddress, widthOf } from '../../policy/entries/ip-address';

/** In the folder of the lists. */
export const defaultFile = 'smtpcheck.test';

/** A list of a million entries is no reason for a million expectations. */
export const most = 500;

export const header =
  '# What this policy must do: smtpcheck test checks it, docs/reference/cli-test.md has the grammar.\n';

/** A recipient that is in no list, and clients of which one is in none. */
export const elsewhere = 'anyone@elsewhere.example';
export const strangers = ['203.0.113.99', '198.51.100.99', '192.0.2.99', '233.252.0.99', '2001:db8:ffff::99'] as const;

/** Who must not relay: strangers; this host, which every client is behind a proxy; where a `/0` begins and ends. */
export const disasters = [
  ...['203.0.113.0/24', '2001:db8:ffff::/48'],
  ...['127.0.0.1', '::1', '0.0.0.0', '255.255.255.255'],
] as const;

export interface WrittenLine {
  readonly client: string;
  readonly recipient: string;
  /** With what stands behind it. */
  readonly result: string;
}

/** Longer ones push their own line apart, not all of them. */
const widest = { client: 48, recipient: 48 } as const;

/** One below the other, in columns. */
export function inColumns(lines: readonly WrittenLine[]): string[] {
  const width = (key: keyof typeof widest) =>
    Math.min(
      widest[key],
      lines.reduce((most, line) => Math.max(most, line[key].length), 0),
    );
  const [client, recipient] = [width('client'), width('recipient')];
  return lines.map((line) => `${line.client.padEnd(client)} -> ${line.recipient.padEnd(recipient)}  ${line.result}`);
}

/** The addresses just outside of it, on either side. */
export function neighbours({ address, length }: Network): IpAddress[] {
  const { family } = address;
  const first = numberOf(address);
  const size = 1n << BigInt(widthOf(family) - length);
  return [first - 1n, first + size]
    .filter((number) => number >= 0n && number < 1n << BigInt(widthOf(family)))
    .map((number) => addressOf(number, family));
}
