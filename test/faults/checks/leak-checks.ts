/** What is done hundreds of times must leave nothing behind. Traffic rests meanwhile: queued mail is Haraka's to remember. */
import fs from 'node:fs';
import { pause } from '../../../testkit/live/talk';
import { lists, portsText, settingsText, visitors } from '../site';
import type { Traffic } from '../traffic/traffic';
import type { World } from '../world';
import type { Ledger } from './ledger';
import { type Holdings, leaks } from './resources';

const patience = 10_000;
/** Milliseconds. The files are looked at each half second, and a look that is under way holds timers: no rhythm may meet it each time. */
const outOfStep = (turn: number) => 150 + 70 * (turn % 7);
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
        const settings = world.fresh(settingsText + portsText(world.ports).replace('200', String(200 + n)));
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
  const baselines = new Baselines({ memory: spareMemory, memoryOfMessage: 0 });
  await baselines.compare(world, ledger);
  for (; n < warmUp + times; n++) await check.repeat(world, traffic, n);
  await baselines.compare(world, ledger);
}

export interface Spare {
  readonly memory: number;
  /** For each message accepted since: Haraka remembers what it has queued. */
  readonly memoryOfMessage: number;
}

interface Baseline {
  readonly held: Holdings;
  readonly messages: number;
}

/** What each process held when it was met first: nothing that happens to it later may add to that. */
export class Baselines {
  readonly #first = new Map<number, Baseline>();

  constructor(private readonly spare: Spare) {}

  /**
   * Holds every process against its own baseline, after a while if need be; one that is new gets its baseline now, and one
   * that leaks another, so that what is found is found once.
   */
  async compare(world: World, ledger: Ledger): Promise<void> {
    const messages = ledger.messages;
    const leaking = async () =>
      (await world.holdings()).flatMap((held) => {
        const first = this.#first.get(held.pid) ?? { held, messages };
        this.#first.set(held.pid, first);
        const { memory, memoryOfMessage } = this.spare;
        const found = leaks(first.held, held, memory + memoryOfMessage * (messages - first.messages));
        return found.map((leak) => ({ held, leak }));
      });
    // A question that waits for its time to be over holds a timer, and a client's end may not have been seen.
    const end = Date.now() + patience;
    let found = await leaking();
    for (let turn = 0; found.length > 0 && Date.now() < end; turn++) {
      await pause(outOfStep(turn));
      const suspects = new Set(found.map(({ held }) => held.pid));
      found = (await leaking()).filter(({ held }) => suspects.has(held.pid));
    }
    for (const { held, leak } of found) {
      ledger.find(leak.text, leak.offence);
      this.#first.set(held.pid, { held, messages });
    }
  }

  /** From now on another baseline for this process. */
  forget(pid: number): void {
    this.#first.delete(pid);
  }
}
