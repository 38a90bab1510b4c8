/** The server under fault with all around it, and the ways to wait until it has taken something. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkout, freePort } from '../../examples/haraka-directory';
import { type Primary, startPrimary } from '../../testkit/fakes/primary';
import { type HarakaVersion, listeners, type RunningHaraka, startHaraka } from '../../testkit/live/haraka';
import { holdersOf, type Status, statusOf } from '../../testkit/live/status-client';
import { eventually } from '../../testkit/live/talk';
import type { Ledger } from './checks/ledger';
import { type Holdings, holdingsOf, servingPids } from './checks/resources';
import { cannotMount, Disk } from './injection/disk';
import { DnsMeddler } from './injection/dns-meddler';
import { lists, type Ports, portsText, primaryPort, settingsText, zone } from './site';
import { addAddresses, removeAddresses } from './traffic/ipv6';

export const workers = 2;
/** The master has the lists too; it serves nobody. */
export const processes = workers + 1;
const patience = 60_000;
/** nobody and nogroup, for whom file modes mean something. */
const nobody = { uid: 65534, gid: 65534 };
const roomForMail = 1 << 30;

export interface WorldOptions {
  /** What `haraka-plugin-smtpcheck` is; this checkout without it. */
  readonly packageDirectory?: string | undefined;
  /** Which Haraka; the newest without it. */
  readonly version?: HarakaVersion | undefined;
  /** A file to keep Haraka's log in. */
  readonly log?: string | undefined;
}

export class World {
  #revision = 0;
  readonly #atEnd: (() => Promise<void>)[] = [];
  /** Deaths of workers that the fault itself has brought about. */
  deathsExpected = 0;

  private constructor(
    readonly haraka: RunningHaraka,
    readonly dns: DnsMeddler,
    readonly ports: Ports,
    public primary: Primary,
    readonly ledger: Ledger,
    /** A folder for what does not belong into Haraka's own. */
    readonly aside: string,
    readonly options: WorldOptions,
    /** Where Haraka's queue is, if it may have a disk of its own. */
    readonly queueDisk: Disk | undefined,
    /** Why clients of IPv6 are missing, or some. */
    readonly withoutIpv6: string | undefined,
  ) {}

  static async start(ledger: Ledger, options: WorldOptions): Promise<World> {
    assertReadable(options.packageDirectory ?? checkout);
    const withoutIpv6 = addAddresses();
    const dns = await DnsMeddler.start(zone());
    const ports = { dns: dns.port, status: await freePort() };
    const primary = await startPrimary({}, primaryPort);
    const texts = Object.entries(lists).map(([name, { text }]) => [name, text] as const);
    const haraka = await startHaraka({
      plugins: ['probe', 'smtpcheck', 'rcpt_to.in_host_list', 'keep_queue', 'name_worker'],
      nodes: workers,
      ...(options.version !== undefined && { version: options.version }),
      ...(options.packageDirectory !== undefined && { packageDirectory: options.packageDirectory }),
      dns: dns.port,
      listen: listeners.filter((listener) => listener !== 'mapped'),
      files: {
        ...Object.fromEntries(texts),
        ...plugins(),
        host_list: 'local.example\n',
        'smtpcheck.ini': settingsText + portsText(ports),
        'log.ini': '[main]\nlevel=notice\ntimestamps=false\nformat=default\n',
        // The probe plugin keeps what goes out in the queue.
        'outbound.ini': 'disabled=false\n',
      },
      env: { SMTPCHECK_TEST_USER: `${nobody.uid}:${nobody.gid}` },
    });
    const aside = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-faults-'));
    fs.chmodSync(aside, 0o755);
    return new World(haraka, dns, ports, primary, ledger, aside, options, queueOnDisk(haraka, aside), withoutIpv6);
  }

  /** For what a fault has started and the next one uses. */
  atEnd(stop: () => Promise<void>): void {
    this.#atEnd.push(stop);
  }

  async stop(): Promise<void> {
    await this.haraka.stop();
    await this.dns.stop();
    await this.primary.stop();
    for (const stop of this.#atEnd) await stop();
    this.queueDisk?.unmount();
    removeAddresses();
    fs.rmSync(this.aside, { recursive: true, force: true });
  }

  /** Where it was before. */
  async startPrimary(): Promise<void> {
    this.primary = await startPrimary({}, primaryPort);
  }

  path(name: string): string {
    return this.haraka.configFile(name);
  }

  pids(): readonly number[] {
    return servingPids(this.haraka);
  }

  /** Of every process: the master serves nobody, and has the lists too. */
  holdings(): Promise<readonly Holdings[]> {
    const pids = new Set([this.haraka.pid, ...this.pids()]);
    return Promise.all([...pids].map((pid) => holdingsOf(this.haraka, pid)));
  }

  /** Each text is one that was never there before, so that the log tells when this very one is taken. */
  fresh(text: string): string {
    return `# ${++this.#revision}\n${text}`;
  }

  /** Puts a text in the place of whatever is there. */
  put(file: string, text: string): void {
    fs.rmSync(file, { recursive: true, force: true });
    fs.writeFileSync(file, text);
  }

  /** Does something, and waits until every process has taken this text for the file. */
  async taken(name: string, text: string, change: () => void | Promise<void>): Promise<void> {
    await this.shows(
      `${name} in force in every process`,
      (status) => holdersOf(status, name, text) >= processes,
      change,
    );
  }

  /** Does something, and waits until the status shows that it is so. The log has what is loaded once for all processes. */
  async shows(what: string, isSo: (status: Status) => boolean, change: () => void | Promise<void>): Promise<void> {
    await change();
    try {
      await eventually(Boolean, async () => isSo(await statusOf(this.haraka)), patience);
    } catch (error) {
      this.ledger.find(`the status does not show: ${what}: ${String(error)}`);
    }
  }

  /** Does something, and waits until the log has said that so many times since. */
  said(pattern: RegExp, times: number, change: () => void | Promise<void>): Promise<void> {
    const count = (log: string) => log.match(pattern)?.length ?? 0;
    return this.tells(`${pattern.source}, ${times} times`, (log) => count(log) >= times, change);
  }

  /** Does something, and waits until what the log has said since tells that it is so. */
  async tells(what: string, isSo: (log: string) => boolean, change: () => void | Promise<void>): Promise<void> {
    const told = this.haraka.log().length;
    await change();
    try {
      await eventually(Boolean, async () => isSo(this.haraka.log().slice(told)), patience);
    } catch {
      this.ledger.find(`the log does not say: ${what}`);
    }
  }

  /** Looks through the log of a fault for what must never be there, and returns it for the last time. */
  reviewLog(): string {
    const log = this.haraka.log();
    if (this.options.log !== undefined) fs.appendFileSync(this.options.log, log);
    this.haraka.clearLog();
    for (const line of unheardOfIn(log)) {
      this.ledger.find(`the log says: ${line}`, line.includes('probe: unhandled') ? 'unhandled' : 'other');
    }
    const deaths = log.match(/worker \d+ (killed by signal|exited with error)/g)?.length ?? 0;
    if (deaths !== this.deathsExpected) this.ledger.find(`${deaths} workers died, not ${this.deathsExpected}`);
    this.deathsExpected = 0;
    return log;
  }
}

/** The settings as ever, in force in every process. */
export async function settingsBack(world: World): Promise<void> {
  const text = world.fresh(settingsText + portsText(world.ports));
  await world.taken('smtpcheck.ini', text, () => fs.writeFileSync(world.path('smtpcheck.ini'), text));
}

/** Of other plugins only what ends the process. */
const unheardOf =
  /probe: unhandled|smtpcheck fault|looking at the lists failed|smtpcheck plugin ran callback multiple|smtpcheck timed out|Caught exception|failed to shutdown|Disconnect never received/i;

/** Lines of a log that must never be there. */
export function unheardOfIn(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => unheardOf.test(line) && !isHarakasOwn(line, log));
  return lines.map((line) => line.slice(0, 300));
}

/** Haraka 3.1 can run the hooks of pipelined commands into each other: it throws then, and calls back a second time. */
function isHarakasOwn(line: string, log: string): boolean {
  const collision = /We are already running hooks! Fatal error!/;
  return collision.test(line) || (/ran callback multiple/.test(line) && collision.test(log));
}

export function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Nothing is in the queue yet, and no process has it open. */
function queueOnDisk({ directory }: RunningHaraka, aside: string): Disk | undefined {
  if (cannotMount() !== undefined) return undefined;
  const disk = Disk.mount(path.join(aside, 'queue'), { size: roomForMail, mode: '755', ...nobody });
  const queue = path.join(directory, 'queue');
  fs.rmdirSync(queue);
  fs.symlinkSync(disk.path, queue);
  return disk;
}

function plugins(): Record<string, string> {
  const folder = path.join(checkout, 'test', 'faults', 'plugins');
  return Object.fromEntries(
    fs
      .readdirSync(folder)
      .map((name) => [path.join('..', 'plugins', name), fs.readFileSync(path.join(folder, name), 'utf8')]),
  );
}

/** Once Haraka serves as nobody it can load nothing from a folder that only root may enter. */
function assertReadable(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const readAndEnter = 0o005;
  for (let at = fs.realpathSync(folder); ; at = path.dirname(at)) {
    if ((fs.statSync(at).mode & readAndEnter) !== readAndEnter) {
      throw new Error(`Haraka serves as nobody here, who may not enter ${at}: chmod o+rx ${at}`);
    }
    if (at === path.dirname(at)) return;
  }
}
