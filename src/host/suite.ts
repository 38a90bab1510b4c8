/** What the plugins of one Haraka process share: policy, DNS, the record of events. Made by the first that registers. */
import cluster from 'node:cluster';
import { hostname, networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ClientNameService } from '../dns/client-names';
import { DomainExchangeService } from '../dns/domain-exchanges';
import { type Answer, createResolver, type Resolver } from '../dns/resolver';
import { LimitCounts, type LimitRedis } from '../limits/limit-counts';
import { decodeText, readFileStateSync } from '../lists/files/file-reader';
import type { Numbering } from '../lists/generations';
import { LastGoodStore } from '../lists/last-good';
import type { ListStatus } from '../lists/list-status';
import type { Policy, PolicyParts } from '../lists/policy';
import { PolicyStore } from '../lists/policy-store';
import { RedisClientFactory } from '../lists/redis/redis-client-factory';
import { RedisIniFile } from '../lists/redis/redis-ini';
import { type StoreLog, storeLogOf } from '../lists/store-log';
import type { ListedEntry } from '../lists/written-entries';
import type { Decision } from '../policy/decision';
import { type IpAddress, isThisHostEverywhere, parseAddress, sameAddress } from '../policy/entries/ip-address';
import type { SourceLine } from '../policy/findings/finding';
import { isTrue, parseIni } from '../policy/settings/ini';
import type { PluginName } from '../policy/settings/settings';
import { beforeAllEnds } from '../policy/tables/ends';
import { EventRecord } from '../status/event-record';
import { StatusService } from '../status/service';
import type { Next, Plugin } from '../types/haraka';
import { AnswerFile } from '../verify/answer-file';
import { hopsOf } from '../verify/hops';
import { type Hop, NextHop } from '../verify/next-hop';
import { SharedAnswers } from '../verify/shared-answers';
import { RecipientVerifier } from '../verify/verifier';

export class Suite {
  private readonly loadedAs = new Map<PluginName, string>();
  private status: StatusService | undefined;
  private answerFile: AnswerFile | undefined;
  private answersInRedis: SharedAnswers | undefined;
  private haraka: Pick<Plugin, 'haraka_require'> | undefined;
  private dnsSettings: Policy['settings']['dns'] | undefined;
  private dns:
    | { readonly resolver: Resolver; readonly names: ClientNameService; readonly exchanges: DomainExchangeService }
    | undefined;

  /** Told of every decision, where somebody wants to know. */
  onDecision: ((hook: string, decision: Decision, observing: boolean) => void) | undefined;
  /** The recipients that limits have counted. */
  readonly limits: LimitCounts;
  /** Asks next hops about recipients. */
  readonly verifier: RecipientVerifier;

  constructor(
    readonly store: Pick<PolicyStore, 'policy' | 'close'> &
      Partial<Pick<PolicyStore, 'status' | 'generations' | 'adopt' | 'inForce' | 'usesRedis' | 'askRedis'>>,
    private readonly me: string,
    private readonly makeResolver: typeof createResolver = createResolver,
    readonly events = new EventRecord(),
    private readonly now: () => number = () => Date.now(),
    redis?: LimitRedis,
  ) {
    this.limits = new LimitCounts(() => this.policy.settings.limits, redis);
    // Without its master it counts nothing: a limit is one for the whole server.
    if (redis && cluster.isWorker)
      this.limits.useMaster(() => Promise.reject(new Error('the master is not known yet')));
    this.verifier = new RecipientVerifier(() => this.policy.settings.verify, {
      hopsOf: (domain, route) => hopsOf(this, domain, route),
      nextHop: (hop) => this.nextHop(hop),
      shared: () => (this.store.usesRedis ? this.answersInRedis : undefined),
    });
  }

  private nextHop(hop: Hop): NextHop {
    if (!this.haraka) throw new Error('there is no Haraka to ask a next hop with');
    return new NextHop(hop, this.haraka.haraka_require('smtp_client'), this.me || hostname());
  }

  get policy(): Policy {
    return this.store.policy;
  }

  /** When a decision is made, in milliseconds since 1970: by it entries end. Where none does, the clock is not read. */
  timeFor({ hasEnds }: Policy): number {
    return hasEnds ? this.now() : beforeAllEnds;
  }

  get names(): ClientNameService {
    return this.dnsInForce().names;
  }

  get exchanges(): DomainExchangeService {
    return this.dnsInForce().exchanges;
  }

  get resolver(): Resolver {
    return this.dnsInForce().resolver;
  }

  private dnsInForce() {
    const settings = this.policy.settings.dns;
    if (this.dns && settings === this.dnsSettings) return this.dns;
    // A reload that leaves [dns] as it was builds an equal object; what has been learned stays then.
    if (!this.dns || JSON.stringify(settings) !== JSON.stringify(this.dnsSettings)) {
      const resolver = counted(this.makeResolver(settings), this.events);
      const isOurs = (exchange: string) => this.isOurExchange(exchange);
      this.dns = {
        resolver,
        names: new ClientNameService(resolver, settings),
        exchanges: new DomainExchangeService(resolver, settings, isOurs),
      };
    }
    this.dnsSettings = settings;
    return this.dns;
  }

  /** The entry of the version in force that a decision names. */
  entryAt(at: SourceLine | undefined): ListedEntry | undefined {
    return at && this.policy.entries.at(at);
  }

  /** What stands behind the entry, where notes are wanted. */
  noteOf(entry: ListedEntry | undefined): string | undefined {
    return this.policy.settings.main.notes ? entry?.comment : undefined;
  }

  /** How many clients have their names remembered. */
  get rememberedNames(): number {
    return this.dns?.names.size ?? 0;
  }

  /** The state of every list, where the store has one. */
  lists(): readonly ListStatus[] {
    return this.store.status?.() ?? [];
  }

  get numbering(): Numbering | undefined {
    return this.store.generations?.numbering;
  }

  adopt(numbering: Numbering): void {
    this.store.adopt?.(numbering);
  }

  /** What the policy in force is made of, where the store knows. */
  get inForce(): PolicyParts | undefined {
    return this.store.inForce;
  }

  /** All that Haraka has loaded, not only those of the suite. */
  get plugins(): readonly string[] | undefined {
    return this.haraka?.haraka_require('plugins').plugin_list;
  }

  /** Keeps the answers of next hops: in Redis where lists are there, and else in the file of the settings. The master does it. */
  keepAnswers(harakaFolder: string, log: StoreLog): void {
    const path = () => {
      const { cache_file: name } = this.policy.settings.verify;
      return name === '' || this.store.usesRedis ? '' : resolve(harakaFolder, name);
    };
    this.answersInRedis = new SharedAnswers((command) => this.store.askRedis?.(command), log);
    this.answerFile = new AnswerFile(this.verifier.answers, path, log);
    void this.answerFile.load();
  }

  /** To be called by the first plugin of a server: the status is collected and served from its start on. */
  serveStatus(plugin: Plugin, configFolder: string, log: StoreLog): void {
    this.haraka = plugin;
    this.status = new StatusService(this, configFolder, log);
    this.status.register(plugin);
  }

  /** Throws where the plugin is loaded already: every hook of it would run twice. */
  claim(name: PluginName, loadedAs: string): void {
    const before = this.loadedAs.get(name);
    if (before !== undefined) {
      throw new Error(
        `smtpcheck: the plugin ${name} is loaded twice, as ${before} and as ${loadedAs}; keep one of them in config/plugins`,
      );
    }
    this.loadedAs.set(name, loadedAs);
  }

  /** The last plugin to leave closes the files. */
  release(loadedAs: string): void {
    for (const [name, as] of this.loadedAs) if (as === loadedAs) this.loadedAs.delete(name);
    if (this.loadedAs.size > 0) return;
    this.store.close();
    this.limits.close();
    this.verifier.close();
    this.answerFile?.close();
    this.status?.close();
    suites.forEach((suite, folder) => {
      if (suite === this) suites.delete(folder);
    });
  }

  /** Names that mean this host in an MX record: its own, and those of `[relay] this_host`. Lower case. */
  isOurName(name: string): boolean {
    const bare = name.toLowerCase().replace(/\.$/, '');
    // A null MX (RFC 7505) is nobody's, and Haraka may have no name of its own.
    if (bare === '') return false;
    return bare === this.me || bare === hostname().toLowerCase() || this.policy.settings.relay.this_host.includes(bare);
  }

  /** Addresses of this host's interfaces, and those of `[relay] this_host`. */
  ourAddresses(): IpAddress[] {
    const interfaces = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    return [...interfaces.map(({ address }) => address), ...this.policy.settings.relay.this_host]
      .map((text) => parseAddress(text))
      .filter((address) => address !== undefined);
  }

  isOurAddress(address: IpAddress, ours: readonly IpAddress[] = this.ourAddresses()): boolean {
    return isThisHostEverywhere(address) || ours.some((our) => sameAddress(our, address));
  }

  /** Whether an MX record that names the exchange leads to this host; `undefined` where the DNS gave no answer. */
  async isOurExchange(
    exchange: string,
    ours: readonly IpAddress[] = this.ourAddresses(),
  ): Promise<boolean | undefined> {
    if (this.isOurName(exchange)) return true;
    const literal = parseAddress(exchange);
    if (literal) return this.isOurAddress(literal, ours);
    const answers = await Promise.all(([4, 6] as const).map((family) => this.resolver.addresses(exchange, family)));
    const isFound = answers.some((a) => a.state === 'found' && a.value.some((one) => this.isOurAddress(one, ours)));
    if (isFound) return true;
    return answers.some(({ state }) => state === 'unknown') ? undefined : false;
  }
}

/** The same resolver, each of its answers counted by its state. */
function counted(resolver: Resolver, events: EventRecord): Resolver {
  const count = async <T>(question: Promise<Answer<T>>) => {
    const answer = await question;
    events.lookedUp(answer.state);
    return answer;
  };
  return {
    reverse: (ip) => count(resolver.reverse(ip)),
    addresses: (name, family) => count(resolver.addresses(name, family)),
    exchanges: (domain) => count(resolver.exchanges(domain)),
  };
}

const suites = new Map<string, Suite>();

/** The suite of the Haraka folder that the plugin runs in. Throws `CannotStart` where its files do not load. */
export function suiteFor(plugin: Plugin): Suite {
  const folder = configFolderOf(plugin);
  const known = suites.get(folder);
  if (known) return known;
  const events = new EventRecord();
  const log = storeLogOf(plugin, { reloaded: (result) => events.reloaded(result) }, cluster.isWorker);
  const lastGood = LastGoodStore.ofThisProcess(log, forksWorkers(folder));
  const factory = new RedisClientFactory(new RedisIniFile(folder, log));
  const store = new PolicyStore(folder, log, factory, { lastGood });
  const me = plugin.config.get('me');
  const suite = new Suite(
    store,
    typeof me === 'string' ? me.trim().toLowerCase() : '',
    createResolver,
    events,
    undefined,
    { factory, log },
  );
  suites.set(folder, suite);
  store.follow();
  if (store.usesRedis) awaitFirstRead(plugin, store);
  suite.serveStatus(plugin, folder, log);
  if (!cluster.isWorker) suite.keepAnswers(dirname(folder), log);
  return suite;
}

/** How long a start may wait for lists in Redis: without them mail that they would permit is deferred. */
const longestWait = 3000;

function awaitFirstRead(plugin: Plugin, store: PolicyStore): void {
  // Haraka ends the server where a hook of its start takes longer than a plugin may.
  const limit = Math.min(longestWait, (plugin.timeout || 30) * 800);
  const await_lists = (next: Next) => void store.firstRead(limit).then(() => next());
  Object.assign(plugin, { await_lists });
  plugin.register_hook('init_master', 'await_lists');
  plugin.register_hook('init_child', 'await_lists');
}

/**
 * Whether this process, if it is no worker, will have workers: by `nodes` of `smtp.ini`, as Haraka does. One that is about to
 * daemonize ends in favour of a new process, and none of its own listeners is told. Haraka's own reader of the file would forget
 * whom it tells of changes.
 */
export function forksWorkers(folder: string, env = process.env): boolean {
  const file = readFileStateSync(join(folder, 'smtp.ini'));
  if (file.state !== 'read') return false;
  const { entries } = parseIni(decodeText(file.bytes));
  const settingOf = (name: string) =>
    entries.filter(({ section, key }) => section === 'main' && key === name).at(-1)?.value ?? '';
  const daemonizes = isTrue(settingOf('daemonize'));
  return !['', '0'].includes(settingOf('nodes')) && !(daemonizes && !env.__daemon);
}

/** Haraka's config folder: that of the instance when Haraka was started with one. */
function configFolderOf(plugin: Plugin): string {
  if (process.env.HARAKA) return join(process.env.HARAKA, 'config');
  return plugin.config.overrides_path ?? plugin.config.root_path;
}
