/**
 * Clients by IPv6: addresses of loopback that lists and names know, as far as this machine lets them be added, and `::1`,
 * which no list knows.
 */
import { spawnSync } from 'node:child_process';
import { listeners } from '../../../testkit/live/haraka';

// Of this run alone, so that two runs on one machine do not take the addresses from each other.
const prefix = `2001:db8:${(process.pid & 0xffff).toString(16)}`;
const each = 4;

const hosts = (network: string) => Array.from({ length: each }, (_, n) => `${prefix}:${network}::${n + 1}`);

export const networks = {
  trusted: `${prefix}:9::/64`,
  excluded: `${prefix}:9:66::/80`,
  limited: `${prefix}:9:70::/80`,
  denied: `${prefix}:77::/64`,
} as const;

export const addresses = {
  trusted: hosts('9'),
  excluded: hosts('9:66'),
  limited: hosts('9:70'),
  denied: hosts('77'),
  named: hosts('50'),
  forged: hosts('51'),
  stranger: hosts('66'),
} as const;

/** What there is: no IPv6, `::1` alone, or all. */
let there: 'none' | 'loopback' | 'all' = listeners.includes('ipv6') ? 'loopback' : 'none';
let users = 0;

/** Adds the addresses until `removeAddresses`; says why it could not, or not all. */
export function addAddresses(): string | undefined {
  if (there === 'none') return 'this machine has no IPv6 loopback';
  users++;
  if (there === 'all') return undefined;
  if (process.getuid?.() !== 0) return 'only root may add addresses to loopback, so ::1 came alone';
  const refusal = change('add');
  if (refusal !== undefined) return `no addresses could be added to loopback, so ::1 came alone: ${refusal}`;
  there = 'all';
  process.once('exit', takeAway);
  return undefined;
}

export function removeAddresses(): void {
  if (--users > 0 || there !== 'all') return;
  process.off('exit', takeAway);
  takeAway();
}

function takeAway(): void {
  change('del');
  there = 'loopback';
}

function change(what: 'add' | 'del'): string | undefined {
  const lines = Object.values(addresses)
    .flat()
    .map((address) => `addr ${what} ${address}/128 dev lo`);
  const { status, stderr, error } = spawnSync('ip', ['-6', '-batch', '-'], {
    input: `${lines.join('\n')}\n`,
    encoding: 'utf8',
  });
  return status === 0 ? undefined : (error?.message ?? stderr.trim().split('\n')[0]);
}

/** The clients whose names are asked for: these few addresses come back, so what a server remembers of them matters. */
export function askedByName(): string[] {
  if (there === 'none') return [];
  const { excluded, named, forged, stranger } = addresses;
  return ['::1', ...(there === 'all' ? [...excluded, ...named, ...forged, ...stranger] : [])];
}

/** One turn in three is a client of IPv6, where there is an address of its kind. */
export function client(kind: keyof typeof addresses, turn: number, ipv4: string): string {
  const some = [
    ...(there === 'all' ? addresses[kind] : []),
    ...(there !== 'none' && kind === 'stranger' ? ['::1'] : []),
  ];
  return turn % 3 === 0 ? (some[Math.floor(turn / 3) % some.length] ?? ipv4) : ipv4;
}
