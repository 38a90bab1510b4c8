/** Messages a second through a real Haraka: bare, with the suite, with the stock plugins, and while a list reloads. */
import fs from 'node:fs';
import { addressList, fileOf } from './lists';
import { anyLoopback, sendMail } from './mail-load';
import { median, type Result } from './measure';
import { type Server, startServer } from './server';

type Files = { readonly addresses: string; readonly domains: string };

const parallel = 8;
const slice = 1000;

export async function traffic(files: Files): Promise<Result[]> {
  const suite = { plugins: ['smtpcheck'], copies: suiteLists(files), files: suiteSettings };
  const results = [...(await againstBare('the suite at 1000000 entries', suite, 8, 0.97))];
  for (const size of [10, 10_000]) {
    const stock = { plugins: ['relay', 'access'], files: stockLists(size) };
    results.push(...(await againstBare(`stock relay and access at ${size} entries`, stock, 3)));
  }
  return results;
}

const suiteSettings = {
  'smtpcheck.ini': '[main]\npoll=1s\n[relay]\nlocal_ip=localip\nrelay_to=relay.to\n[deny]\nhosts=host.deny\n',
};

function suiteLists(files: Files): Record<string, string> {
  return { localip: files.addresses, 'relay.to': files.domains, 'host.deny': files.addresses };
}

function stockLists(size: number): Record<string, string> {
  const list = addressList(size);
  const relays = list.map((entry) => (entry.includes('/') ? entry : `${entry}/${entry.includes(':') ? 128 : 32}`));
  return {
    'relay.ini': '[relay]\nacl=true\n',
    relay_acl_allow: fileOf(relays),
    'connect.rdns_access.blacklist': fileOf(list.map((entry) => entry.replace(/\/.*/, ''))),
  };
}

/** Both servers run at once and take turns, so that whatever else the machine does falls on both. */
async function againstBare(
  name: string,
  options: Parameters<typeof startServer>[0],
  rounds: number,
  atLeast?: number,
): Promise<Result[]> {
  const bare = await startServer({ plugins: [] });
  const other = await startServer(options);
  try {
    for (const server of [bare, other]) await rateOf(server, 3 * slice);
    const ratios: number[] = [];
    const rates = { bare: [] as number[], other: [] as number[] };
    const each = { bare: [] as number[], other: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const turn = { bare: await rateOf(bare, slice), other: await rateOf(other, slice) };
      rates.bare.push(turn.bare.rate);
      rates.other.push(turn.other.rate);
      each.bare.push(turn.bare.cpu);
      each.other.push(turn.other.cpu);
      ratios.push(turn.other.rate / turn.bare.rate);
    }
    const target = atLeast === undefined ? {} : { target: { atLeast } };
    return [
      { measure: `bare Haraka beside ${name}`, value: Math.max(...rates.bare), unit: 'messages/s' },
      { measure: `Haraka with ${name}`, value: Math.max(...rates.other), unit: 'messages/s' },
      { measure: `${name}: rate against bare`, value: median(ratios), unit: 'x', ...target },
      {
        measure: `${name}: bare's processor time a message against its own`,
        value: Math.min(...each.bare) / Math.min(...each.other),
        unit: 'x',
        ...target,
      },
    ];
  } finally {
    await Promise.all([bare.stop(), other.stop()]);
  }
}

/** Messages a second, and milliseconds of the server's processor for each. */
async function rateOf(server: Server, milliseconds: number): Promise<{ rate: number; cpu: number }> {
  const end = performance.now() + milliseconds;
  const before = server.cpu();
  const { messages, seconds } = await sendMail({
    port: server.port,
    parallel,
    recipient: 'user@local.example',
    clientOf: anyLoopback,
    goOn: () => performance.now() < end,
  });
  return { rate: messages / seconds, cpu: (server.cpu() - before) / messages };
}

/** Rewrites `localip` with a million entries, again and again, while mail flows. */
export async function reloading(files: Files): Promise<Result[]> {
  const server = await startServer({ plugins: ['smtpcheck'], copies: suiteLists(files), files: suiteSettings });
  try {
    await rateOf(server, 3 * slice);
    const quiet: Window[] = [];
    const busy: Window[] = [];
    for (let round = 0; round < 3; round++) {
      const next = await prepare(server, files.addresses, round);
      quiet.push(await windowOf(server, () => wait(2 * slice)));
      busy.push(await windowOf(server, () => reload(server, next)));
    }
    const ratios = busy.map(({ rate }, i) => rate / (quiet[i] as Window).rate);
    return [
      {
        measure: 'throughput while 1000000 entries reload',
        value: median(ratios),
        unit: 'x',
        target: { atLeast: 0.9 },
      },
      { measure: 'event-loop pause meanwhile', value: least(busy, 'pause'), unit: 'ms', target: { atMost: 25 } },
      { measure: 'event-loop pause without a reload', value: least(quiet, 'pause'), unit: 'ms' },
      { measure: 'loop held by its own work meanwhile', value: most(busy, 'held'), unit: 'ms', target: { atMost: 25 } },
      { measure: 'loop held by its own work without a reload', value: most(quiet, 'held'), unit: 'ms' },
      { measure: 'from the change to the new list in force', value: least(busy, 'seconds') * 1000, unit: 'ms' },
      { measure: 'resident after the reloads', value: (busy[2] as Window).resident / 1e6, unit: 'MB' },
    ];
  } finally {
    await server.stop();
  }
}

interface Window {
  readonly rate: number;
  readonly pause: number;
  readonly held: number;
  readonly seconds: number;
  readonly resident: number;
}

/** Mail flows until what is done meanwhile has ended. */
async function windowOf(server: Server, meanwhile: () => Promise<void>): Promise<Window> {
  let over = false;
  await server.loop();
  const mail = sendMail({
    port: server.port,
    parallel,
    recipient: 'user@local.example',
    clientOf: anyLoopback,
    goOn: () => !over,
  });
  await meanwhile();
  over = true;
  const { messages, seconds } = await mail;
  return { rate: messages / seconds, seconds, ...(await server.loop()) };
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
  const deadline = Date.now() + 60_000;
  while (!server.newLog().includes('loaded file=localip')) {
    if (Date.now() > deadline) throw new Error('the list is not reloaded');
    await wait(50);
  }
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
