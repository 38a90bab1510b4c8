/** Messages a second through a real Haraka: bare, with the suite, with the stock plugins. */
import { startSink } from '../testkit/live/sink';
import { addressList, type Files, fileOf, largest } from './lists';
import { anyLoopback, type Load, type LoadResult, sendMail } from './mail-load';
import { median, type Result } from './measure';
import { type Server, type ServerOptions, startServer } from './server';

/** Sessions at a time. Those that wait for the next hop to acknowledge must be enough to keep the processor busy. */
const few = 8;
const many = 100;
/** What is measured is a server that has been running for a while: V8 compiles what has been called some thousand times. */
const warmUp = { messages: 6_000, milliseconds: 20_000 };
/** Short, so that a moment in which the machine is slow falls on both alike. */
const turnLength = 100;
/** Where one server is asked alone. */
const longTurn = 250;

export async function traffic(files: Files): Promise<Result[]> {
  const suite = { plugins: ['smtpcheck'], copies: suiteLists(files), files: suiteSettings };
  const sink = await startSink();
  const sleepAgain = stayAwake();
  try {
    const plain = { nextHop: sink.port, octets: 10_000, parallel: many, turns: 30 };
    const overTls = { ...plain, tls: true };
    const atSize = `the suite at ${largest} entries`;
    const results = await againstBare(atSize, suite, { ...plain, pairs: 3 }, 0.97);
    results.push(await againstItself(atSize, suite, plain));
    results.push(...(await againstBare('the suite, over TLS', suite, { ...overTls, pairs: 1 })));
    const others = {
      'over TLS': overTls,
      'each message marked': { ...plain, claim: 'client.example' },
      'short messages': { ...plain, octets: 1000 },
      'short messages that are dropped': { octets: 1000, parallel: few, turns: 60 },
    };
    for (const [what, effort] of Object.entries(others)) {
      results.push(await againstItself(`the suite, ${what}`, suite, effort));
    }
    for (const size of [10, 10_000]) {
      const stock = { plugins: ['relay', 'access'], files: stockLists(size) };
      const effort = { ...plain, pairs: 1 };
      results.push(...(await againstBare(`stock relay and access at ${size} entries`, stock, effort)));
    }
    return results;
  } finally {
    sleepAgain();
    await sink.stop();
  }
}

/** Keeps this process from sleeping: to wake it with each reply would be the server's work, and clients are elsewhere. */
function stayAwake(): () => void {
  let awake = true;
  const look = () => {
    if (awake) setImmediate(look);
  };
  look();
  return () => {
    awake = false;
  };
}

export const suiteSettings = {
  'smtpcheck.ini': '[relay]\nlocal_ip=localip\nrelay_to=relay.to\n[deny]\nhosts=host.deny\n',
};

export function suiteLists(files: Files): Record<string, string> {
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

type Mail = Pick<Load, 'parallel' | 'octets' | 'tls' | 'claim'>;

interface Effort extends Mail {
  /** Pairs of fresh processes: one process can be some per cent faster than another of the same code, all its life. */
  readonly pairs: number;
  readonly turns: number;
  /** Port of the server that the mail is handed on to; left out, Haraka takes and drops it. */
  readonly nextHop?: number;
}

/** The middle of several pairs. The rate on a busy machine is mostly luck; the processor time of a message is less so. */
async function againstBare(name: string, options: ServerOptions, effort: Effort, atLeast?: number): Promise<Result[]> {
  const ratios: Ratios[] = [];
  const all = (key: keyof Ratios) => ratios.map((pair) => pair[key]);
  const middle = (key: keyof Ratios) => median(all(key));
  for (let i = 0; i < effort.pairs; i++) ratios.push(await pairOf(options, effort, i % 2 === 0));
  const target = atLeast === undefined ? {} : { target: { atLeast } };
  const spread = (key: keyof Ratios) => {
    const sorted = all(key).sort((one, other) => one - other);
    const ends = [sorted[0], sorted.at(-1)].map((ratio) => ratio?.toFixed(2));
    return effort.pairs > 1 ? { remark: `${sorted.length} pairs, from ${ends.join(' to ')}` } : {};
  };
  return [
    { measure: `bare Haraka beside ${name}`, value: middle('bare'), unit: 'messages/s' },
    { measure: `Haraka with ${name}`, value: middle('other'), unit: 'messages/s' },
    { measure: `${name}: rate against bare`, value: middle('byRate'), unit: 'x', ...target, ...spread('byRate') },
    {
      measure: `${name}: the same by processor time a message`,
      value: middle('byCpu'),
      unit: 'x',
      ...target,
      ...spread('byCpu'),
    },
  ];
}

interface Ratios {
  /** Messages a second. */
  readonly bare: number;
  readonly other: number;
  readonly byRate: number;
  readonly byCpu: number;
}

/**
 * Both servers run at once and take short turns, so that whatever else the machine does falls on both. The one that is
 * warmed up first rests while the other is; with `bareFirst` in every other pair, that falls on both as well.
 */
async function pairOf(options: ServerOptions, effort: Effort, bareFirst: boolean): Promise<Ratios> {
  const { nextHop, tls } = effort;
  const bare = await startServer({ plugins: [], nextHop, tls });
  const other = await startServer({ ...options, nextHop, tls });
  try {
    for (const server of bareFirst ? [bare, other] : [other, bare]) await warm(server, effort);
    const turnsOf = { bare: [] as Turn[], other: [] as Turn[] };
    for (let i = 0; i < effort.turns; i++) {
      // Who goes first has the caches to itself; each does in every other round.
      const order = i % 2 === 0 ? (['bare', 'other'] as const) : (['other', 'bare'] as const);
      for (const who of order) turnsOf[who].push(await turn(who === 'bare' ? bare : other, turnLength, effort));
    }
    const rate = (who: keyof typeof turnsOf) => total(turnsOf[who], 'messages') / total(turnsOf[who], 'seconds');
    const cpu = (who: keyof typeof turnsOf) => total(turnsOf[who], 'cpu') / total(turnsOf[who], 'messages');
    return {
      bare: rate('bare'),
      other: rate('other'),
      byRate: rate('other') / rate('bare'),
      byCpu: cpu('bare') / cpu('other'),
    };
  } finally {
    await Promise.all([bare.stop(), other.stop()]);
  }
}

/**
 * One process, whose hooks of the suite are taken out and put back between turns. No process is like another and no minute
 * of a machine like the next, so this repeats better than pairs do; that the suite is loaded at all counts on both sides.
 */
async function againstItself(name: string, options: ServerOptions, effort: Omit<Effort, 'pairs'>): Promise<Result> {
  const { nextHop, tls, turns } = effort;
  const server = await startServer({ ...options, plugins: [...options.plugins, 'take_out'], nextHop, tls });
  const cpuOfAMessage = async () => {
    const { cpu, messages } = await turn(server, longTurn, effort);
    return cpu / messages;
  };
  try {
    await warm(server, effort);
    const without: number[] = [];
    const differences: number[] = [];
    for (let i = 0; i < 2 * turns; i++) {
      const before = await cpuOfAMessage();
      await server.switchHooks();
      const after = await cpuOfAMessage();
      // In, out, out, in: what drifts meanwhile falls on both.
      const [withHooks, withoutHooks] = i % 2 === 0 ? [before, after] : [after, before];
      without.push(withoutHooks);
      differences.push(withHooks - withoutHooks);
    }
    const bare = median(without);
    const more = median(differences);
    return {
      measure: `${name}: processor time a message against the same process with its hooks taken out`,
      value: bare / (bare + more),
      unit: 'x',
      remark: `${Math.round(1000 * more)} µs a message`,
    };
  } finally {
    await server.stop();
  }
}

interface Turn {
  readonly messages: number;
  readonly seconds: number;
  /** Milliseconds of the thread that serves mail. */
  readonly cpu: number;
}

export async function warm(server: Server, mail: Mail): Promise<void> {
  const end = performance.now() + warmUp.milliseconds;
  await send(server, mail, (started) => started < warmUp.messages && performance.now() < end);
}

async function turn(server: Server, milliseconds: number, mail: Mail): Promise<Turn> {
  const end = performance.now() + milliseconds;
  const before = server.mainCpu();
  const { messages, seconds } = await send(server, mail, () => performance.now() < end);
  return { messages, seconds, cpu: server.mainCpu() - before };
}

function send(server: Server, mail: Mail, goOn: Load['goOn']): Promise<LoadResult> {
  return sendMail({ ...mail, port: server.port, recipient: 'user@local.example', clientOf: anyLoopback, goOn });
}

function total(turns: readonly Turn[], key: keyof Turn): number {
  return turns.reduce((sum, one) => sum + one[key], 0);
}
