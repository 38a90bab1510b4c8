/** A list of a million entries is replaced while mail flows: what a reload costs the mail, and how long the loop is held. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Files, largest } from './lists';
import { anyLoopback, sendMail } from './mail-load';
import { inFreshProcess, isOpen, median, type Result, reaches, type Target } from './measure';
import { type Server, startServer } from './server';
import { suiteLists, suiteSettings, warm } from './traffic';

interface Effort {
  /** At a time. */
  readonly sessions: number;
  readonly rounds: number;
  /** As many are made where luck could still turn the verdict on throughput. */
  readonly mostRounds?: number;
}

/** So many sessions at a time keep the server busy though the load client, too, has to wait for a processor. */
const forThroughput: Effort = { sessions: 24, rounds: 8, mostRounds: 20 };
/** With few a turn of the loop is short: a pause is a pause then, and not the work of many sessions. */
const forPauses: Effort = { sessions: 8, rounds: 3 };
/** Milliseconds. */
const quietLength = 1000;
/** The least: while a changed file settles nothing is parsed, and mail has the machine to itself. */
const settle = '[main]\nsettle=50ms\n';
const longestPause = 25;
const longestReload = 2000;
const leastThroughput = 0.85;

interface ReloadedList {
  readonly name: string;
  readonly from: keyof Files;
  /** What the nth version has besides. */
  more(n: number): string;
}

const addresses: ReloadedList = { name: 'localip', from: 'addresses', more: (n) => `127.100.100.${n}` };
const domains: ReloadedList = { name: 'relay.to', from: 'domains', more: (n) => `added-${n}.example` };

/** Windows with a reload, windows in which the lines become a Set, and those between. */
interface Windows {
  readonly ours: readonly Beside[];
  readonly sets: readonly Beside[];
  readonly quiet: readonly Window[];
}

export async function reloading(files: Files): Promise<Result[]> {
  const settings = { 'smtpcheck.ini': `${settle}${suiteSettings['smtpcheck.ini']}` };
  const options = { plugins: ['smtpcheck'], copies: suiteLists(files), files: settings, watchLoop: true };
  const server = await startServer(options);
  try {
    await warm(server, { parallel: forThroughput.sessions, octets: 1000 });
    return figures(await windowsOf(server, files, forThroughput), await windowsOf(server, files, forPauses));
  } finally {
    await server.stop();
  }
}

/**
 * Replaces a list of addresses and one of domains in turns, again and again, while mail flows. In turns with that, another
 * program only reads the same lines into a Set: what a machine cannot do for that program it cannot do for us.
 */
async function windowsOf(server: Server, files: Files, effort: Effort): Promise<Windows> {
  const flow = new Flow(server, effort.sessions);
  try {
    return await windowsIn(flow, server, files, effort);
  } finally {
    await flow.end();
  }
}

async function windowsIn(flow: Flow, server: Server, files: Files, effort: Effort): Promise<Windows> {
  const { sessions, rounds, mostRounds = rounds } = effort;
  const quietWindow = () => flow.window(() => sleep(quietLength));
  // Mail has to get going before the first that counts.
  await quietWindow();
  const quiet: Window[] = [];
  const besideOf = async (what: () => Promise<unknown>): Promise<Beside> => {
    const before = quiet.at(-1) as Window;
    const window = await flow.window(what);
    const after = await quietWindow();
    quiet.push(after);
    // The machine may be slower at one time than at another.
    const ratio = (key: 'rate' | 'cpu') => (2 * window[key]) / (before[key] + after[key]);
    return { ...window, rate: ratio('rate'), cpu: ratio('cpu') };
  };
  const ours: Beside[] = [];
  const sets: Beside[] = [];
  const tellsTooLittle = () => [ours, sets].some((beside) => isOpen(all(beside, 'rate'), leastThroughput));
  for (let round = 1; round <= rounds || (round <= mostRounds && tellsTooLittle()); round++) {
    const prepared: { list: ReloadedList; next: string }[] = [];
    for (const list of [addresses, domains]) {
      prepared.push({ list, next: await prepare(server, list, files, sessions + round) });
    }
    quiet.push(await quietWindow());
    for (const { list, next } of prepared) {
      ours.push(await besideOf(() => reload(server, list, next)));
      sets.push(await besideOf(() => inFreshProcess('lines-into-set', files[list.from])));
    }
  }
  return { ours, sets, quiet };
}

function figures({ ours, sets }: Windows, paused: Windows): Result[] {
  const middle = (beside: readonly Beside[], key: keyof Window) => median(all(beside, key));
  const rate = { ours: middle(ours, 'rate'), set: middle(sets, 'rate') };
  const ms = { ours: middle(ours, 'seconds') * 1000, set: middle(sets, 'seconds') * 1000 };
  const pause = {
    ours: most(paused.ours, 'pause'),
    set: most(paused.sets, 'pause'),
    quiet: most(paused.quiet, 'pause'),
  };
  return [
    {
      measure: `throughput while ${largest} entries reload`,
      value: rate.ours,
      unit: 'x',
      ...judged({ atLeast: leastThroughput }, rate.set),
      remark: `${ours.length} reloads`,
    },
    { measure: 'the same while another program reads the lines into a Set', value: rate.set, unit: 'x' },
    { measure: 'main thread: processor time a message meanwhile', value: middle(ours, 'cpu'), unit: 'x' },
    { measure: 'the same beside the Set', value: middle(sets, 'cpu'), unit: 'x' },
    {
      measure: 'event-loop pause meanwhile, worst reload',
      value: pause.ours,
      unit: 'ms',
      ...judged({ atMost: longestPause }, Math.max(pause.set, pause.quiet)),
    },
    { measure: 'event-loop pause meanwhile, best reload', value: least(paused.ours, 'pause'), unit: 'ms' },
    { measure: 'event-loop pause beside the Set, worst', value: pause.set, unit: 'ms' },
    { measure: 'event-loop pause without a reload, worst', value: pause.quiet, unit: 'ms' },
    { measure: 'event-loop pause without a reload, best', value: least(paused.quiet, 'pause'), unit: 'ms' },
    {
      measure: 'loop held by its own work meanwhile',
      value: most(paused.ours, 'held'),
      unit: 'ms',
      target: { atMost: longestPause },
    },
    { measure: 'loop held by its own work without a reload', value: most(paused.quiet, 'held'), unit: 'ms' },
    {
      measure: 'from the change to the new list in force',
      value: ms.ours,
      unit: 'ms',
      ...judged({ atMost: longestReload }, ms.set),
    },
    { measure: 'the same, worst', value: most(ours, 'seconds') * 1000, unit: 'ms' },
    { measure: 'until the Set is made', value: ms.set, unit: 'ms' },
    { measure: 'resident after the reloads', value: (paused.quiet.at(-1) as Window).resident / 1e6, unit: 'MB' },
  ];
}

/** What this machine does not give without a reload it cannot give with one. */
function judged(target: Target, machineGives: number): Pick<Result, 'target' | 'noVerdict'> {
  if (reaches({ value: machineGives, target })) return { target };
  return { target, noVerdict: 'this machine does not give it without a reload either' };
}

interface Window {
  readonly rate: number;
  /** Milliseconds of the main thread for each message. */
  readonly cpu: number;
  readonly pause: number;
  readonly held: number;
  readonly seconds: number;
  readonly resident: number;
}

/** Its rate and processor time are ratios to the quiet before and after. */
type Beside = Window;

/** Mail that flows without a break, so that no window has to wait for it to get going. */
class Flow {
  private messages = 0;
  private over = false;
  private readonly sent: Promise<unknown>;

  constructor(
    private readonly server: Server,
    sessions: number,
  ) {
    this.sent = sendMail({
      port: server.port,
      parallel: sessions,
      recipient: 'user@local.example',
      clientOf: anyLoopback,
      goOn: () => !this.over,
      taken: () => {
        this.messages++;
      },
    });
    // The window that is open, or the end, tells of it.
    this.sent.catch(() => undefined);
  }

  /** From now until what is done meanwhile has ended. */
  async window(meanwhile: () => Promise<unknown>): Promise<Window> {
    const { server } = this;
    await server.loop();
    const before = { messages: this.messages, cpu: server.mainCpu(), time: performance.now() };
    await Promise.race([meanwhile(), this.sent]);
    const messages = this.messages - before.messages;
    const seconds = (performance.now() - before.time) / 1000;
    const cpu = (server.mainCpu() - before.cpu) / messages;
    return { rate: messages / seconds, cpu, seconds, ...(await server.loop()) };
  }

  async end(): Promise<void> {
    this.over = true;
    await this.sent;
  }
}

/** A new version of the list, to be put in its place by a rename. */
async function prepare(server: Server, { name, from, more }: ReloadedList, files: Files, n: number): Promise<string> {
  const next = server.configFile(`${name}.${n}`);
  await fs.promises.copyFile(files[from], next);
  await fs.promises.appendFile(next, `${more(n)}\n`);
  return next;
}

async function reload(server: Server, { name }: ReloadedList, next: string): Promise<void> {
  server.skipLog();
  await fs.promises.rename(next, server.configFile(name));
  await server.logged(`loaded file=${name}`, 10);
}

function all(windows: readonly Window[], key: keyof Window): number[] {
  return windows.map((window) => window[key]);
}

function least(windows: readonly Window[], key: keyof Window): number {
  return Math.min(...all(windows, key));
}

function most(windows: readonly Window[], key: keyof Window): number {
  return Math.max(...all(windows, key));
}
