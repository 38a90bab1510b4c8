/** What is done hundreds of times must leave nothing behind. Traffic rests meanwhile: queued mail is Haraka's to remember. */
import fs from 'node:fs';
import type { Ledger } from './ledger';
import { type Holdings, leaks } from './resources';
import { dnsText, lists, settingsText, visitors } from './site';
import type { Traffic } from './traffic';
import type { World } from './world';

/** Collection is no exact science; what leaks a list or a session a hundred times is far beyond. */
const spareMemory = 2 * 1024 * 1024;

export interface LeakCheck {
  readonly name: string;
  /** How often, in the short and in the long form. */
  readonly times: { readonly short: number; readonly long: number };
  repeat(world: World, traffic: Traffic, n: number): Promise<void>;
}

export const leakChecks: readonly LeakCheck[] = [
  {
    name: 'reloads of large lists and of the DNS settings',
    times: { short: 40, long: 400 },
    async repeat(world, _traffic, n) {
      // Below and above the size from which a list is parsed in a thread of its own.
      const entries = n % 2 ? 5_000 : 10_000;
      const lines = Array.from({ length: entries }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
      const text = world.fresh(lists.localip.text + lines.join('\n'));
      await world.taken('localip', text, () => fs.writeFileSync(world.path('localip'), text));
      if (n % 8 === 0) {
        const settings = world.fresh(settingsText + dnsText(world.dns.port).replace('200', String(200 + n)));
        await world.taken('smtpcheck.ini', settings, () => fs.writeFileSync(world.path('smtpcheck.ini'), settings));
      }
    },
  },
  {
    name: 'sessions of strangers',
    times: { short: 300, long: 3_000 },
    async repeat(_world, traffic, n) {
      const strangers = visitors.filter(({ name }) => quiet.has(name));
      const visitor = strangers[n % strangers.length];
      if (visitor) await traffic.play({ visitor }, n);
    },
  },
];

/** Those after whom no message is left in the outbound queue. */
const quiet: ReadonlySet<string> = new Set(['plain-relay', 'excluded', 'forged-name', 'routed', 'denied', 'local']);

/** Repeats once to warm up, and then for the count; what is held in between must not have grown. */
export async function runLeakCheck(
  check: LeakCheck,
  world: World,
  traffic: Traffic,
  short: boolean,
  ledger: Ledger,
): Promise<void> {
  const times = short ? check.times.short : check.times.long;
  const warmUp = Math.max(16, times / 10);
  let n = 0;
  for (; n < warmUp; n++) await check.repeat(world, traffic, n);
  const before = await world.holdings();
  for (; n < warmUp + times; n++) await check.repeat(world, traffic, n);
  compare(before, await world.holdings(), ledger, spareMemory);
}

export function compare(before: readonly Holdings[], after: readonly Holdings[], ledger: Ledger, spare?: number): void {
  for (const held of after) {
    // A worker that was replaced is held against one of those at the start.
    const then = before.find(({ pid }) => pid === held.pid) ?? before[0];
    if (then) for (const leak of leaks(then, held, spare)) ledger.find(leak);
  }
}
