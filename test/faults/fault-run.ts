/** The fault run: one server under steady traffic, one fault after the other, and the books at the end. */
import { ipv6Required } from '../../testkit/live/ipv6';
import { Expectations } from './checks/expectations';
import { Baselines, leakChecks, runLeakCheck } from './checks/leak-checks';
import { Ledger } from './checks/ledger';
import { checkReplay } from './checks/replay';
import { classTable, closing, faultTable } from './checks/report';
import { StatusWatch } from './checks/status-watch';
import { clientFaults } from './kinds/client-faults';
import { dnsFaults } from './kinds/dns-faults';
import { type Fault, leavings } from './kinds/fault';
import { listFaults } from './kinds/list-faults';
import { primaryFaults } from './kinds/primary-faults';
import { processFaults } from './kinds/process-faults';
import { redisFaults } from './kinds/redis-faults';
import { visitors } from './site';
import { Traffic } from './traffic/traffic';
import { World, type WorldOptions } from './world';

const faults: readonly Fault[] = [
  ...listFaults,
  ...dnsFaults,
  ...redisFaults,
  ...primaryFaults,
  ...processFaults,
  ...clientFaults,
];

const clients = 12;
const atLast = 'at the end';
const noFault = 'no fault';
const replaying = 'the log replayed';
/** A first fault of its kind loads code and fills caches; a message that waits takes a kilobyte or two. */
const overFaults = { memory: 3 * 1024 * 1024, memoryOfMessage: 2048 };

export interface FaultRun extends WorldOptions {
  readonly short: boolean;
  /** Parts of the names of the faults to run; all without it. */
  readonly only?: readonly string[] | undefined;
  say(text: string): void;
}

/** Resolves with whether all was well. */
export async function runFaults(run: FaultRun): Promise<boolean> {
  const { short, only, say } = run;
  const chosen = (name: string) => only === undefined || only.some((part) => name.includes(part));
  const ledger = new Ledger();
  const expectations = new Expectations();
  const world = await World.start(ledger, run);
  const status = new StatusWatch(world, ledger);
  status.start();
  const skipped = new Map<string, string>();
  /** The log while the lists decided as ever. */
  const undisturbed: string[] = [];
  const isUndisturbed = (name: string) => {
    const fault = faults.find((one) => one.name === name);
    if (name === noFault) return true;
    return fault !== undefined && !fault.editsLists && !fault.meanwhile && Object.keys(fault.changes).length === 0;
  };
  const checks = leakChecks.filter(({ name }) => chosen(name));
  const planned = faults.filter(({ name, long }) => chosen(name) && !(short && long));
  try {
    const traffic = new Traffic(world.haraka.ports, expectations, ledger);
    const sample = short ? 2 : 10;
    await under(noFault, async () => {
      traffic.start(clients);
      await traffic.sample(sample * 3);
      await traffic.stop();
    });
    const baselines = new Baselines(overFaults);
    await baselines.compare(world, ledger);

    for (const fault of planned) {
      const reason = fault.impossible?.(run);
      if (reason !== undefined) {
        skipped.set(fault.name, reason);
        say(`${fault.name}: skipped, ${reason}`);
        continue;
      }
      await under(fault.name, async () => {
        const pids = world.pids();
        const coming = { ...fault.changes, ...fault.meanwhile };
        traffic.start(clients);
        expectations.enter('changing', coming);
        await fault.begin(world, { short });
        expectations.enter('lasting', fault.changes);
        await traffic.sample(sample);
        expectations.enter('changing', coming);
        await fault.end(world);
        expectations.enter('usual', {});
        await traffic.sample(1);
        await traffic.stop();
        if (fault.masterKeepsConnections) baselines.forget(world.haraka.pid);
        await baselines.compare(world, ledger);
        const gone = pids.filter((pid) => !world.pids().includes(pid));
        if (gone.length > 0 && (fault.meanwhile === undefined || fault.sameProcesses))
          ledger.find(`process ${gone.join(', ')} is gone`);
      });
    }

    for (const check of checks) {
      await under(check.name, () => runLeakCheck(check, world, traffic, short, ledger));
    }
    let replayed = '';
    await under(replaying, async () => {
      replayed = await checkReplay(world, undisturbed.join(''));
    });
    ledger.under(atLast);
    await status.stop();
    const books = ledger.settle(await world.haraka.queued());
    const names = [...planned, ...checks].map(({ name }) => name);
    ipv6Checked(traffic, world, ledger);
    for (const { name, mustLeave } of planned) {
      if (mustLeave === undefined || skipped.has(name) || books[mustLeave] > 0) continue;
      ledger.find(`${name}: no queue has ${leavings[mustLeave]}: that point was not met`);
    }
    say(`\n${faultTable(ledger, [noFault, ...names, replaying, atLast], skipped)}`);
    say(`\n${classTable(ledger)}`);
    say(`\n${ipv6Line(traffic, world)}`);
    say(status.line);
    say(`${closing(ledger, books)}\n`);
    say(`${replayed}\n`);
    for (const finding of ledger.findings) say(`${finding.fault}: ${finding.text}`);
    say(ledger.findings.length === 0 ? 'Nothing let through, nothing lost.' : `${ledger.findings.length} findings.`);
    if (skipped.size > 0) {
      say(`NOT TRIED, and so not passed, ${skipped.size} of ${planned.length} faults:`);
      for (const [name, reason] of skipped) say(`  ${name}: ${reason}`);
    }
    const complete = skipped.size === 0 || process.env.SMTPCHECK_FAULTS_REQUIRED === undefined;
    return ledger.findings.length === 0 && complete;
  } finally {
    await status.stop();
    await world.stop();
  }

  async function under(name: string, play: () => Promise<void>): Promise<void> {
    ledger.under(name);
    try {
      await play();
    } catch (error) {
      ledger.find(`the fault could not be played: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
    }
    const log = world.reviewLog();
    if (isUndisturbed(name)) undisturbed.push(log);
    const { sessions, recipients } = ledger.tally;
    const { accepted, refused, deferred } = recipients;
    const found = ledger.findings.filter(({ fault }) => fault === name);
    say(
      `${name}: ${sessions} sessions, ${accepted}/${refused}/${deferred}, ${found.length === 0 ? 'ok' : found[0]?.text}`,
    );
  }
}

function ipv6Checked({ byIpv6 }: Traffic, { withoutIpv6 }: World, ledger: Ledger): void {
  const missing = visitors.map(({ name }) => name).filter((name) => !byIpv6.has(name));
  if (withoutIpv6 !== undefined && ipv6Required) ledger.find(`IPv6 is required here: ${withoutIpv6}`);
  if (withoutIpv6 === undefined && missing.length > 0) ledger.find(`none by IPv6: ${missing.join(', ')}`);
}

function ipv6Line({ byIpv6 }: Traffic, { withoutIpv6 }: World): string {
  const sessions = [...byIpv6.values()].reduce((sum, count) => sum + count, 0);
  return `Sessions by IPv6 ${sessions}, of ${byIpv6.size} kinds${withoutIpv6 === undefined ? '' : `: ${withoutIpv6}`}.`;
}
