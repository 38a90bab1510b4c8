/**
 * Two Harakas of two workers each, whose lists are in one Redis, under steady traffic of every kind. The first has files
 * that stand in for its lists, the second has one for `host.deny` alone.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type Primary, startPrimary } from '../../../testkit/fakes/primary';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { type HarakaVersion, listeners, type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { isAccepted, type SmtpClient } from '../../../testkit/live/smtp-client';
import { holdersOf, statusOf } from '../../../testkit/live/status-client';
import { eventually, greet, rcpt, said } from '../../../testkit/live/talk';
import { type Changes, Expectations } from '../../faults/checks/expectations';
import { Ledger } from '../../faults/checks/ledger';
import { servingPids } from '../../faults/checks/resources';
import { dnsText, type ListName, primaryPort, type StandIns, settingsWith, standsIn, zone } from '../../faults/site';
import { Traffic } from '../../faults/traffic/traffic';
import { unheardOfIn } from '../../faults/world';
import { files } from './lists';
import type { RedisServer } from './server';

export const workers = 2;
/** The master has the lists too. */
export const processes = workers + 1;

/** What the settings promise, in seconds, and what a busy machine may need to say so besides. */
export const maxAge = 4;
export const documented = (maxAge + 6) * 1000;
/** A client whose name no list knows, until a test lists its domain. */
export const aside = { client: '127.52.0.1', name: 'lab.aside.example', domain: 'aside.example' } as const;

const patience = 60_000;
const clients = 3;

export interface Settings {
  readonly maxAge?: string;
  /** Which lists have a file that stands in. */
  readonly standIns: StandIns;
  readonly denyAt?: 'connect' | 'rcpt';
  /** `files`: Redis is not named at all. */
  readonly lists?: 'redis' | 'files';
}

export function settingsText({
  maxAge: age = `${maxAge}s`,
  standIns,
  denyAt = 'rcpt',
  lists = 'redis',
}: Settings): string {
  const source = (list: ListName, file: string) =>
    lists === 'files' ? file : `redis:${list}${standsIn(standIns, list) ? ` ${file}` : ''}`;
  return settingsWith(source, [`at=${denyAt}`, '[redis]', `max_age=${age}`]);
}

export interface InstanceOptions {
  readonly version: HarakaVersion;
  readonly settings: Settings;
  readonly redisPort: number;
  readonly redisIni?: string;
  readonly dns: number;
}

export class Instance {
  readonly expectations = new Expectations();
  readonly traffic: Traffic;
  #pids: readonly number[] = [];

  private constructor(
    readonly haraka: RunningHaraka,
    readonly ledger: Ledger,
    private readonly dns: number,
    private settings: Settings,
  ) {
    this.traffic = new Traffic(haraka.ports, this.expectations, ledger);
  }

  static async start(ledger: Ledger, options: InstanceOptions): Promise<Instance> {
    const { version, settings, redisPort, redisIni = '', dns } = options;
    const haraka = await startHaraka({
      version,
      nodes: workers,
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue', 'name_worker'],
      listen: listeners.filter((listener) => listener !== 'mapped'),
      dns,
      files: {
        ...files,
        host_list: 'local.example\n',
        'smtpcheck.ini': settingsText(settings) + dnsText(dns),
        'redis.ini': `[server]\nhost=127.0.0.1\nport=${redisPort}\n${redisIni}`,
        'log.ini': '[main]\nlevel=notice\ntimestamps=false\nformat=default\n',
      },
    });
    const instance = new Instance(haraka, ledger, dns, settings);
    instance.#pids = instance.pids();
    return instance;
  }

  pids(): readonly number[] {
    return servingPids(this.haraka);
  }

  /** Each worker's word on the recipient, on connections of their own; of a client that is not refused at connect. */
  async askAll(from: string, recipient: string): Promise<readonly string[]> {
    const replies = new Map<string, string>();
    for (let attempt = 0; replies.size < workers && attempt < 50; attempt++) {
      const client = await greet(this.haraka, { from });
      try {
        const worker = /worker (\d+)/.exec(client.greeting.text)?.[1] ?? said(client.greeting);
        if (!replies.has(worker)) replies.set(worker, await this.#ask(client, recipient));
      } finally {
        client.destroy();
      }
    }
    assert.equal(replies.size, workers, `not every worker answers: ${[...replies]}`);
    return [...replies.values()];
  }

  async #ask(client: SmtpClient, recipient: string): Promise<string> {
    if (!isAccepted(client.greeting)) return said(client.greeting);
    const mail = await client.command('MAIL FROM:<someone@sender.example>');
    return isAccepted(mail) ? rcpt(client, recipient) : said(mail);
  }

  /** Waits until every worker says so. */
  async tells(from: string, recipient: string, wanted: RegExp, limit = patience): Promise<void> {
    await eventually(
      (replies) => replies.every((reply) => wanted.test(reply)),
      () => this.askAll(from, recipient),
      limit,
    );
  }

  /** Does something, and waits until the log has said that so many times since. */
  async says(pattern: RegExp, times: number, change: () => unknown): Promise<void> {
    const told = this.haraka.log().length;
    await change();
    await eventually(
      (count) => count >= times,
      async () => this.haraka.log().slice(told).match(pattern)?.length ?? 0,
      patience,
    );
  }

  /** Other settings, in force in every process. */
  async set(settings: Partial<Settings>): Promise<void> {
    this.settings = { ...this.settings, ...settings };
    const text = settingsText(this.settings) + dnsText(this.dns);
    const file = this.haraka.configFile('smtpcheck.ini');
    if (fs.readFileSync(file, 'utf8') === text) return;
    fs.writeFileSync(file, text);
    await eventually(
      (holders) => holders >= processes,
      async () => holdersOf(await statusOf(this.haraka), 'smtpcheck.ini', text),
      patience,
    );
  }

  /** The processes that must be those that began. */
  assertSameProcesses(): void {
    assert.deepEqual([...this.pids()].sort(), [...this.#pids].sort(), 'workers are gone');
  }

  /** Resolves when every process has ended by itself. */
  async stop(): Promise<void> {
    const pids = [...this.pids(), this.haraka.pid];
    process.kill(this.haraka.pid, 'SIGINT');
    try {
      await eventually(
        (running) => running.length === 0,
        async () => pids.filter((pid) => fs.existsSync(`/proc/${pid}/exe`)),
      );
    } finally {
      await this.haraka.stop();
    }
  }

  /** Kills a worker, and waits for the one that takes its place. */
  async killWorker(): Promise<void> {
    const [victim] = this.pids();
    assert.ok(victim !== undefined && victim !== this.haraka.pid);
    await this.says(/harness: serving/g, 1, () => process.kill(victim, 'SIGKILL'));
    await eventually(
      (pids) => pids.length === workers && !pids.includes(victim),
      async () => this.pids(),
    );
    this.#pids = this.pids();
  }
}

export class Site {
  private constructor(
    readonly redis: RedisServer,
    readonly dns: DnsStub,
    private readonly primary: Primary,
    readonly ledger: Ledger,
    readonly instances: readonly Instance[],
  ) {}

  static async start(
    redis: RedisServer,
    version: HarakaVersion,
    settings: readonly Settings[],
    redisIni?: string,
  ): Promise<Site> {
    const dns = await startDns({
      ...zone(),
      [aside.client]: [aside.name],
      [aside.name]: { A: [aside.client] },
    });
    const primary = await startPrimary({}, primaryPort);
    const ledger = new Ledger();
    const starting = await Promise.allSettled(
      settings.map((one) =>
        Instance.start(ledger, {
          version,
          settings: one,
          redisPort: redis.port,
          dns: dns.port,
          ...(redisIni !== undefined && { redisIni }),
        }),
      ),
    );
    const instances = starting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const site = new Site(redis, dns, primary, ledger, instances);
    const failure = starting.find((one) => one.status === 'rejected');
    if (!failure) return site;
    await site.stop();
    throw failure.reason;
  }

  get traffic(): readonly Traffic[] {
    return this.instances.map((instance) => instance.traffic);
  }

  startTraffic(): void {
    for (const traffic of this.traffic) traffic.start(clients);
  }

  async stopTraffic(): Promise<void> {
    await Promise.all(this.traffic.map((traffic) => traffic.stop()));
  }

  /** Resolves when each class has had so many whole sessions with each instance since now. */
  async sample(each: number): Promise<void> {
    await Promise.all(this.traffic.map((traffic) => traffic.sample(each)));
  }

  /** Does it to every instance at once. */
  async all(act: (instance: Instance) => Promise<unknown>): Promise<void> {
    await Promise.all(this.instances.map(act));
  }

  /** One thing that happens, under traffic: how it begins and ends, and what it changes for each instance meanwhile. */
  async during(
    changes: readonly Changes[],
    {
      begin,
      lasting = async () => undefined,
      end,
      meanwhile = {},
    }: {
      readonly begin: () => Promise<unknown>;
      readonly lasting?: () => Promise<unknown>;
      readonly end: () => Promise<unknown>;
      readonly meanwhile?: Changes;
    },
  ): Promise<void> {
    const enter = (phase: 'usual' | 'changing' | 'lasting', more: Changes = {}) => {
      for (const [n, { expectations }] of this.instances.entries()) {
        expectations.enter(phase, { ...changes[n % changes.length], ...more });
      }
    };
    enter('changing', meanwhile);
    await begin();
    enter('lasting');
    await this.sample(2);
    await lasting();
    enter('changing', meanwhile);
    await end();
    enter('usual');
    await this.sample(1);
  }

  /** Nothing was told to anybody that may not be, no process is gone, and the logs hold nothing unheard of. */
  assertAllWell(): void {
    assert.deepEqual(
      this.ledger.findings.map(({ text }) => text),
      [],
    );
    for (const instance of this.instances) {
      instance.assertSameProcesses();
      assert.deepEqual(unheardOfIn(instance.haraka.log()), []);
    }
    const connections = this.redis.clients();
    assert.ok(connections.length <= processes * this.instances.length, connections.join('\n'));
  }

  /** Ends all, and holds the queues against what was accepted. */
  async stop(): Promise<void> {
    await this.stopTraffic();
    const queued = [];
    for (const { haraka } of this.instances) queued.push(...(await haraka.queued()));
    const { lost } = this.ledger.settle(queued);
    for (const instance of this.instances) await instance.stop();
    await this.dns.stop();
    await this.primary.stop();
    assert.equal(lost, 0, 'messages are lost');
    assert.deepEqual(this.ledger.findings, []);
  }
}
