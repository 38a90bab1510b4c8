/** A list of a million entries is replaced while mail flows: what a reload costs the mail, and how long the loop is held. */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Files, largest } from './lists';
import { anyLoopback, sendMail } from './mail-load';
import { median, type Result } from './measure';
import { type Server, startServer } from './server';
import { few, suiteLists, suiteSettings, turn, warmUp } from './traffic';

/** Milliseconds. */
const quietLength = 2000;
/** The least: while a changed file settles nothing is parsed, and mail has the machine to itself. */
const settle = '[main]\nsettle=50ms\n';
const longestPause = 25;

interface ReloadedList {
  readonly name: string;
  readonly from: keyof Files;
  /** What the nth version has besides. */
  more(n: number): string;
}

const addresses: ReloadedList = { name: 'localip', from: 'addresses', more: (n) => `127.100.100.${n}` };
const domains: ReloadedList = { name: 'relay.to', from: 'domains', more: (n) => `added-${n}.example` };
const reloads = [addresses, domains, addresses, domains, addresses, domains];

/** Replaces a list of addresses and one of domains in turns, again and again, while mail flows. */
export async function reloading(files: Files): Promise<Result[]> {
  const settings = { 'smtpcheck.ini': `${settle}${suiteSettings['smtpcheck.ini']}` };
  const options = { plugins: ['smtpcheck'], copies: suiteLists(files), files: settings, watchLoop: true };
  const server = await startServer(options);
  try {
    await turn(server, warmUp, { parallel: few, octets: 1000 });
    const quiet: Window[] = [await windowOf(server, () => sleep(quietLength))];
    const busy: Window[] = [];
    for (const [round, list] of reloads.entries()) {
      const next = await prepare(server, list, files, round + 1);
      busy.push(await windowOf(server, () => reload(server, list, next)));
      quiet.push(await windowOf(server, () => sleep(quietLength)));
    }
    // Each against the quiet before and after it: the machine may be slower at one time than at another.
    const ratios = (key: 'rate' | 'cpu') =>
      busy.map((window, i) => (2 * window[key]) / ((quiet[i] as Window)[key] + (quiet[i + 1] as Window)[key]));
    const quietPause = Math.ceil(most(quiet, 'pause'));
    return [
      {
        measure: `throughput while ${largest} entries reload`,
        value: median(ratios('rate')),
        unit: 'x',
        target: { atLeast: 0.9 },
      },
      { measure: 'main thread: processor time a message meanwhile', value: median(ratios('cpu')), unit: 'x' },
      {
        measure: 'event-loop pause meanwhile, worst reload',
        value: most(busy, 'pause'),
        unit: 'ms',
        target: { atMost: Math.max(longestPause, quietPause) },
        ...(quietPause > longestPause && {
          remark: `${longestPause}, but without a reload this machine pauses for as long as that`,
        }),
      },
      { measure: 'event-loop pause meanwhile, best reload', value: least(busy, 'pause'), unit: 'ms' },
      { measure: 'event-loop pause without a reload, best', value: least(quiet, 'pause'), unit: 'ms' },
      { measure: 'event-loop pause without a reload, worst', value: most(quiet, 'pause'), unit: 'ms' },
      {
        measure: 'loop held by its own work meanwhile',
        value: most(busy, 'held'),
        unit: 'ms',
        target: { atMost: longestPause },
      },
      { measure: 'loop held by its own work without a reload', value: most(quiet, 'held'), unit: 'ms' },
      {
        measure: 'from the change to the new list in force',
        value: median(busy.map(({ seconds }) => seconds)) * 1000,
        unit: 'ms',
        target: { atMost: 2000 },
        remark: `worst ${Math.round(most(busy, 'seconds') * 1000)} ms`,
      },
      { measure: 'resident after the reloads', value: (quiet.at(-1) as Window).resident / 1e6, unit: 'MB' },
    ];
  } finally {
    await server.stop();
  }
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

/** Mail flows until what is done meanwhile has ended. */
async function windowOf(server: Server, meanwhile: () => Promise<void>): Promise<Window> {
  let over = false;
  await server.loop();
  const before = server.mainCpu();
  const mail = sendMail({
    port: server.port,
    parallel: few,
    recipient: 'user@local.example',
    clientOf: anyLoopback,
    goOn: () => !over,
  });
  await meanwhile();
  over = true;
  const { messages, seconds } = await mail;
  const cpu = (server.mainCpu() - before) / messages;
  return { rate: messages / seconds, cpu, seconds, ...(await server.loop()) };
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
  await server.logged(`loaded file=${name}`, 50);
}

function least(windows: readonly Window[], key: keyof Window): number {
  return Math.min(...windows.map((window) => window[key]));
}

function most(windows: readonly Window[], key: keyof Window): number {
  return Math.max(...windows.map((window) => window[key]));
}
