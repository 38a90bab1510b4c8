/**
 * A Haraka made of its test fixtures: the shipped plugins (`plugins/<name>/package.json` and what its `main` names), a
 * config folder of their own, and sessions that run their hooks in Haraka's order and answer as Haraka does.
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Address as EmailAddress } from '@haraka/email-address';
import { Address as Rfc2821Address } from 'address-rfc2821';
import constants from 'haraka-constants';
import { callHook, type FixturePlugin, makeConnection, makePlugin } from 'haraka-test-fixtures';
import type { SuitePlugin } from '../src/host/answer';
import type { Opinion } from '../src/policy/decision';
import type { PluginName } from '../src/policy/settings/settings';
import type { Address, Connection, Transaction } from '../src/types/haraka';
import { emptyLists, type Folder, makeFolder } from './folder';

export interface AddressClass {
  readonly name: string;
  make(mailbox: string): Address;
}

/** What Haraka 3.1 and Haraka 3.3 make of an address in a command. */
export const addressClasses: readonly AddressClass[] = [
  { name: 'address-rfc2821', make: (mailbox) => new Rfc2821Address(`<${mailbox}>`) as unknown as Address },
  { name: '@haraka/email-address', make: (mailbox) => new EmailAddress(`<${mailbox}>`) as unknown as Address },
];

export interface SiteOptions {
  /** Files of the config folder; the lists that are not given are empty. */
  readonly files?: Readonly<Record<string, string>>;
  readonly plugins?: readonly PluginName[];
  /** Port of a stub DNS; without it DNS answers nothing, and quickly. */
  readonly dns?: number | undefined;
  /** How long to wait for it: long, unless it is not to answer. */
  readonly dnsTimeout?: string;
  /** Lines of `smtpcheck.ini`. */
  readonly ini?: readonly string[];
  /** Domains that a plugin like rcpt_to.in_host_list accepts. */
  readonly local?: readonly string[];
  readonly addresses?: AddressClass;
}

interface RegisteredHook {
  readonly hook: string;
  readonly plugin: unknown;
  readonly method: string;
  readonly priority: number;
}

export interface HookResult {
  readonly code: number | undefined;
  readonly message: unknown;
}

const sites: Site[] = [];

/** Closes what the tests have opened. */
export function closeSites(): void {
  for (const site of sites.splice(0)) site.close();
}

export class Site {
  readonly folder: Folder;
  readonly plugins: readonly FixturePlugin[];
  readonly addresses: AddressClass;
  readonly hooks: RegisteredHook[] = [];
  /** What the plugins said in the log. */
  readonly log: string[] = [];
  /** Rules that had no opinion. */
  readonly passed = new Set<string>();
  /** Transactions handed to the outbound queue. */
  readonly sent: Transaction[] = [];
  /** What the outbound queue answers. */
  outboundAnswer: readonly [code: number, message?: unknown] = [constants.ok];

  constructor(options: SiteOptions = {}) {
    assertBuilt();
    this.addresses = options.addresses ?? (addressClasses[1] as AddressClass);
    const ini = [
      ...[
        '[main]',
        'poll=200ms',
        'settle=50ms',
        '[dns]',
        `servers=127.0.0.1:${options.dns ?? 1}`,
        `timeout=${options.dnsTimeout ?? '5s'}`,
        'tries=1',
      ],
      ...(options.ini ?? []),
    ];
    const files = Object.entries({
      ...emptyLists,
      'smtpcheck.ini': ini.join('\n'),
      me: 'mx.local.example',
      ...options.files,
    });
    this.folder = makeFolder(Object.fromEntries(files.map(([name, text]) => [`config/${name}`, text])));
    this.plugins = (options.plugins ?? (['relay'] as const)).map((name) => this.load(name));
    const local = new Set(options.local ?? ['local.example']);
    const inHostList = {
      name: 'rcpt_to.in_host_list',
      hook_rcpt: (next: (code?: number) => void, _connection: unknown, [address]: readonly [Address]) =>
        next(local.has(address.host ?? '') ? constants.ok : undefined),
    };
    if (local.size > 0) this.hooks.push({ hook: 'rcpt', plugin: inHostList, method: 'hook_rcpt', priority: 0 });
    sites.push(this);
  }

  private load(name: PluginName): FixturePlugin {
    const plugin = makePlugin(name, { register: false });
    this.prepare(plugin);
    plugin.register();
    const { smtpcheck: suite } = plugin as unknown as SuitePlugin;
    if (suite) {
      suite.onDecision = (_hook, { outcome, rule }) => {
        if (outcome === 'pass') this.passed.add(rule);
      };
    }
    return plugin;
  }

  /** Gives a plugin this site's config folder, queue and log, and notes its hooks. */
  prepare(plugin: FixturePlugin): void {
    // Haraka's own reader would watch every folder of every test.
    const config = plugin.config.module_config(this.folder.path);
    const get = (name: string) => fs.readFileSync(this.config(name), 'utf8');
    plugin.config = Object.create(config, { get: { value: get } });
    for (const level of ['loginfo', 'lognotice', 'logwarn', 'logerror']) {
      plugin[level] = (...args: unknown[]) => this.log.push(`${level} ${args.map(String).join(' ')}`);
    }
    plugin.haraka_require = (name: string) => {
      if (name === 'plugins')
        return { run_hooks: (hook: string, subject: object) => void this.runAndRespond(hook, subject) };
      assert.equal(name, 'outbound');
      return {
        send_trans_email: (transaction: Transaction, next: (code: number, message?: unknown) => void) => {
          this.sent.push(transaction);
          setImmediate(() => next(...this.outboundAnswer));
        },
      };
    };
    const register = plugin.register_hook;
    plugin.register_hook = (hook, method, priority = 0) => {
      register.call(plugin, hook, method, priority);
      this.hooks.push({ hook, plugin, method, priority });
    };
  }

  get plugin(): FixturePlugin {
    return this.plugins[0] as FixturePlugin;
  }

  config(name: string): string {
    return this.folder.file(`config/${name}`);
  }

  write(name: string, text: string): void {
    fs.writeFileSync(this.config(name), text);
  }

  /** Calls the methods of a hook by priority until one has an opinion. */
  async run(hook: string, subject: unknown, ...args: unknown[]): Promise<HookResult> {
    const methods = this.hooks.filter((registered) => registered.hook === hook).sort((a, b) => a.priority - b.priority);
    const left = methods.map(({ plugin, method }) => [plugin, method] as const);
    if (typeof subject === 'object' && subject !== null && 'hooks_to_run' in subject) subject.hooks_to_run = left;
    for (const { plugin, method } of methods) {
      left.shift();
      const { rc, msg } = await callHook(plugin, method, subject, ...args);
      if (rc !== undefined && rc !== constants.cont) return { code: rc, message: msg };
    }
    return { code: undefined, message: undefined };
  }

  /** As Haraka's `run_hooks` does it. */
  private async runAndRespond(hook: string, subject: object): Promise<void> {
    const { code = constants.cont, message } = await this.run(hook, subject);
    (subject as Record<string, (code: number, message: unknown) => void>)[`${hook}_respond`]?.(code, message);
  }

  session(options: SessionOptions = {}): Session {
    return new Session(this, options);
  }

  close(): void {
    for (const plugin of this.plugins) (plugin.shutdown as () => void).call(plugin);
  }
}

export interface SessionOptions {
  readonly ip?: string;
  /** The PTR name that Haraka has looked up. */
  readonly host?: string;
  readonly helo?: string;
}

interface MutableConnection extends Omit<Connection, 'remote' | 'transaction'> {
  remote: { ip: string | null; host: string | null };
  transaction: (Transaction & { rcpt_to: Address[]; mail_from: Address | null }) | null;
  init_transaction(): void;
}

export class Session {
  readonly connection: MutableConnection;
  /** What the connection logged: the words and the keys. */
  readonly log: { readonly level: string; readonly text: string; readonly data: Record<string, unknown> }[] = [];

  constructor(
    readonly site: Site,
    { ip = '203.0.113.9', host, helo = 'client.example.org' }: SessionOptions,
  ) {
    this.connection = makeConnection({ ip, helo, ...(host && { host }) }) as MutableConnection;
    for (const level of ['loginfo', 'lognotice', 'logwarn', 'logerror'] as const) {
      Object.assign(this.connection, {
        [level]: (_plugin: unknown, text: unknown, data: Record<string, unknown> = {}) =>
          this.log.push({ level, text: String(text), data }),
      });
    }
  }

  /** Opens the connection: the first reply, `220` where no plugin minds. */
  async open(): Promise<string> {
    await this.site.run('connect_init', this.connection);
    return this.replyOf(await this.site.run('connect', this.connection), '220');
  }

  /** Haraka has read a PROXY line: another client, and connect_init once more. */
  async proxied(ip: string, host: string | null = null): Promise<void> {
    this.connection.remote.ip = ip;
    this.connection.remote.host = host;
    await this.site.run('connect_init', this.connection);
  }

  async helo(name: string): Promise<string> {
    return this.replyOf(await this.site.run('helo', this.connection, name), '250');
  }

  async mail(sender = 'sender@sender.example'): Promise<string> {
    this.connection.init_transaction();
    const transaction = this.connection.transaction as NonNullable<MutableConnection['transaction']>;
    transaction.mail_from = this.site.addresses.make(sender);
    const reply = this.replyOf(await this.site.run('mail', this.connection, [transaction.mail_from, {}]), '250');
    if (!reply.startsWith('2')) this.connection.transaction = null;
    return reply;
  }

  /** As Haraka's cmd_rcpt, rcpt_respond and rcpt_ok_respond do it. */
  async rcpt(mailbox: string | Address): Promise<string> {
    const transaction = this.connection.transaction as NonNullable<MutableConnection['transaction']>;
    const address = typeof mailbox === 'string' ? this.site.addresses.make(mailbox) : mailbox;
    transaction.rcpt_to.push(address);
    let result = await this.site.run('rcpt', this.connection, [address, {}]);
    if (result.code === undefined && this.connection.relaying) result = { code: constants.ok, message: undefined };
    if (result.code === undefined) {
      transaction.rcpt_to.pop();
      return '550 I cannot deliver mail';
    }
    if (result.code === constants.ok) result = await this.site.run('rcpt_ok', this.connection, address);
    const reply = this.replyOf(result, '250');
    if (reply.startsWith('250')) transaction.rcpt_count.accept++;
    else transaction.rcpt_to.pop();
    return reply;
  }

  /** MAIL and the recipients: the reply to each. */
  async send(...mailboxes: readonly string[]): Promise<string[]> {
    await this.mail();
    const replies: string[] = [];
    for (const mailbox of mailboxes) replies.push(await this.rcpt(mailbox));
    return replies;
  }

  /** Who would get the message. */
  get recipients(): string[] {
    return (this.connection.transaction?.rcpt_to ?? []).map((address) => `${address.user}@${address.host}`);
  }

  /** `local a@local.example`, one line for each recipient. */
  get routed(): readonly string[] {
    // The plugins come from `dist/`, and so must what they keep of a transaction.
    const dispositions = createRequire(__filename)(path.join(checkout, 'dist', 'src', 'host', 'dispositions.js'));
    const { recipientsOf } = dispositions as typeof import('../src/host/dispositions');
    return Object.entries(recipientsOf(this.connection.transaction as Transaction)).flatMap(
      ([disposition, recipients]) =>
        recipients.map(({ user, host }) => `${disposition} ${user}${host ? `@${host}` : ''}`),
    );
  }

  endTransaction(): void {
    this.connection.transaction = null;
  }

  /** Under one of Haraka's result keys, of the transaction or else the connection. */
  results(key: 'pass' | 'fail' | 'skip' | 'err'): readonly string[] {
    const { transaction } = this.connection;
    const results = (transaction?.results ?? this.connection.results) as unknown as {
      get(name: string): Record<string, string[]> | undefined;
    };
    return results.get('smtpcheck')?.[key] ?? [];
  }

  /** How often the suite decided so. */
  counted(outcome: Opinion['outcome'], rule: string): number {
    const suites = this.site.plugins.map((plugin) => (plugin as unknown as SuitePlugin).smtpcheck);
    return Math.max(0, ...suites.map((suite) => suite?.events.countOf(outcome, rule) ?? 0));
  }

  replyOf({ code, message }: HookResult, otherwise: string): string {
    return code === undefined || (code === constants.ok && message === undefined) ? otherwise : textOf(message, code);
  }
}

/** The reply as the client reads it: a DSN brings its code along, a text has that of Haraka. */
export function textOf(message: unknown, code?: number): string {
  if (typeof message !== 'object' || message === null) return `${code} ${String(message)}`;
  const { code: replyCode, reply } = message as { code: number; reply: string };
  assert.equal(message.constructor.name, 'DSN', 'Haraka tells a DSN by the name of its class');
  return `${replyCode} ${reply}`;
}

export const checkout = findCheckout(__dirname);

function findCheckout(from: string): string {
  const here = path.join(from, 'plugins', 'relay', 'package.json');
  return fs.existsSync(here) ? from : findCheckout(path.dirname(from));
}

let built = false;

/** The plugins under test come from `dist/`; what stands there must be these sources. */
function assertBuilt(): void {
  if (built) return;
  const compiled = path.resolve(__dirname, '..');
  for (const folder of ['src/policy', 'src/host', 'src/lists', 'src/dns', 'plugins']) {
    const names = fs.readdirSync(path.join(compiled, folder), { encoding: 'utf8', recursive: true });
    for (const name of names.filter((file) => file.endsWith('.js'))) {
      const shipped = path.join(checkout, 'dist', folder, name);
      const same =
        fs.existsSync(shipped) && fs.readFileSync(shipped).equals(fs.readFileSync(path.join(compiled, folder, name)));
      assert.ok(same, `${shipped} is not built from these sources; run: npm run build`);
    }
  }
  built = true;
}
