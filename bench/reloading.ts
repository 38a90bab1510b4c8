/** A list of a million entries is replaced while mail flows: what a reload costs the mail, and how long the loop is held. */
import fs from 'node:fs';
import { anyLoopback, sendMail } from './mail-load';
import { median, type Result } from './measure';
import { logged, type Server, startServer } from './server';
import { type Files, few, suiteLists, suiteSettings, turn, warmUp } from './traffic';

/** Milliseconds. */
const quietLength = 2000;
const reloads = 4;

/** Rewrites `localip` with a million entries, again and again, while mail flows. */
export async function reloading(files: Files): Promise<Result[]> {
  const options = { plugins: ['smtpcheck'], copies: suiteLists(files), files: suiteSettings, watchLoop: true };
  const server = await startServer(options);
  try {
    await turn(server, warmUp, { parallel: few, octets: 1000 });
    const quiet: Window[] = [await windowOf(server, () => wait(quietLength))];
    const busy: Window[] = [];
    for (let round = 0; round < reloads; round++) {
      const next = await prepare(server, files.addresses, round);
      busy.push(await windowOf(server, () => reload(server, next)));
      quiet.push(await windowOf(server, () => wait(quietLength)));
    }
    // Each against the quiet before and after it: the machine may be slower at one time than at another.
    const ratios = (key: 'rate' | 'cpu') =>
      busy.map((window, i) => (2 * window[key]) / ((quiet[i] as Window)[key] + (quiet[i + 1] as Window)[key]));
    return [
      {
        measure: 'throughput while 1000000 entries reload',
        value: median(ratios('rate')),
        unit: 'x',
        target: { atLeast: 0.9 },
      },
      { measure: 'main thread: processor time a message meanwhile', value: median(ratios('cpu')), unit: 'x' },
      {
        measure: 'event-loop pause meanwhile, best reload',
        value: least(busy, 'pause'),
        unit: 'ms',
        target: { atMost: 25 },
      },
      { measure: 'event-loop pause meanwhile, worst reload', value: most(busy, 'pause'), unit: 'ms' },
      { measure: 'event-loop pause without a reload, best', value: least(quiet, 'pause'), unit: 'ms' },
      { measure: 'event-loop pause without a reload, worst', value: most(quiet, 'pause'), unit: 'ms' },
      { measure: 'loop held by its own work meanwhile', value: most(busy, 'held'), unit: 'ms', target: { atMost: 25 } },
      { measure: 'loop held by its own work without a reload', value: most(quiet, 'held'), unit: 'ms' },
      {
        measure: 'from the change to the new list in force',
        value: least(busy, 'seconds') * 1000,
        unit: 'ms',
        target: { atMost: 2000 },
      },
      { measure: 'resident after the reloads', value: (quiet[reloads] as Window).resident / 1e6, unit: 'MB' },
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
async function prepare(server: Server, from: string, round: number): Promise<string> {
  const next = server.configFile(`localip.${round}`);
  await fs.promises.copyFile(from, next);
  await fs.promises.appendFile(next, `127.100.100.${round + 1}\n`);
  return next;
}

async function reload(server: Server, next: string): Promise<void> {
  server.newLog();
  await fs.promises.rename(next, server.configFile('localip'));
  await logged(server.newLog, 'loaded file=localip', 50);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function least(windows: readonly Window[], key: keyof Window): number {
  return Math.min(...windows.map((window) => window[key]));
}

function most(windows: readonly Window[], key: keyof Window): number {
  return Math.max(...windows.map((window) => window[key]));
}
