/**
 * A stand-in for Haraka that plays one session through the suite's own hooks: the same plugins, in the same order, with
 * the answers that Haraka makes of theirs. It opens no socket and queues nothing. Besides the suite it knows
 * `rcpt_to.in_host_list`; other plugins are not played.
 */
import { Address } from 'address-rfc2821';
import constants from 'haraka-constants';
import type { Decision, Way } from '../../core';
import * as smtpcheck from '../../index';
import { registerDeny } from '../../plugins/deny/index';
import { registerHelo } from '../../plugins/helo/index';
import { registerPrivacy } from '../../plugins/privacy/index';
import { registerRelay } from '../../plugins/relay/index';
import type { SuitePlugin } from '../../runtime/answer';
import { markOf } from '../../runtime/client';
import type { Suite } from '../../runtime/suite';
import type { Next } from '../../types/haraka';
import { SimulatedConnection, SimulatedTransaction } from './connection';

export interface HostReply {
  readonly code: number;
  readonly text: string;
}

/** One command, what each rule said to it, and the reply that the client would see. */
export interface Step {
  readonly command: string;
  readonly decisions: readonly { readonly hook: string; readonly decision: Decision }[];
  readonly reply: HostReply;
}

export interface HostOptions {
  readonly suite: Suite;
  /** Which of the suite's plugins `config/plugins` loads. */
  readonly loaded: readonly string[];
  /** The server's own name. */
  readonly me: string;
  /** Whether `rcpt_to.in_host_list` takes a domain. */
  readonly isLocalDomain: (domain: string) => boolean;
}

const registrations = { deny: registerDeny, helo: registerHelo, privacy: registerPrivacy, relay: registerRelay };

type Method = (this: unknown, next: Next, ...args: readonly unknown[]) => void;
type Answer = { readonly code: number; readonly message: unknown };

export class SimulatedHost {
  private readonly hooks: { hook: string; priority: number; run: (next: Next, params: unknown) => void }[] = [];
  private readonly connection: SimulatedConnection;
  private decisions: { hook: string; decision: Decision }[] = [];
  private isClosed = false;
  /** Set by a refusal at connect: the reply to every command from then on. */
  private refusal: HostReply | undefined;

  constructor(
    private readonly options: HostOptions,
    ip: string,
    hostName: string,
  ) {
    this.connection = new SimulatedConnection(ip, hostName, options.me);
    options.suite.onDecision = (hook, decision) => this.decisions.push({ hook, decision });
    const plugin = this.makePlugin();
    for (const [name, register] of Object.entries(registrations)) {
      if (options.loaded.includes(name)) register(plugin);
    }
    this.addHook('rcpt', 0, (next, params) => {
      const [address] = params as [Address];
      const local = address.host !== '' && options.isLocalDomain((address.host ?? '').toLowerCase());
      next(local ? constants.ok : undefined);
    });
    // Equal priorities keep the order in which they were registered, as in Haraka.
    this.hooks.sort((a, b) => a.priority - b.priority);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** Where an accepted transaction would go: the suite's word, or Haraka's own rule. */
  get way(): Way | undefined {
    const { transaction, relaying } = this.connection;
    if (!transaction || transaction.rcpt_to.length === 0) return undefined;
    return relaying ? 'relay' : (markOf(transaction).way ?? 'local');
  }

  async connect(): Promise<Step> {
    return this.step('(connect)', async () => {
      await this.run('connect_init');
      const answer = await this.run('connect');
      if (answer.code === constants.deny) {
        this.refusal = said(answer, 554);
        return this.refusal;
      }
      if (answer.code === constants.denysoftdisconnect) return this.close(said(answer, 421));
      return { code: 220, text: `${this.options.me} ESMTP` };
    });
  }

  /** One line of the client's, as it would be sent. */
  async command(line: string): Promise<Step> {
    const [, verb = '', rest = ''] = /^([^ ]*)(?: +(.*))?$/s.exec(line) ?? [];
    return this.step(line, async () => {
      if (this.refusal)
        return /^quit$/i.test(verb) ? this.close({ code: 221, text: 'closing connection' }) : this.refusal;
      switch (verb.toUpperCase()) {
        case 'HELO':
        case 'EHLO':
          return this.hello(verb.toUpperCase(), rest);
        case 'MAIL':
          return this.mail(rest);
        case 'RCPT':
          return this.rcpt(rest);
        case 'RSET':
          this.connection.transaction = null;
          return { code: 250, text: 'OK' };
        case 'VRFY':
          return this.vrfy();
        case 'NOOP':
          return { code: 250, text: 'OK' };
        case 'QUIT':
          return this.close({ code: 221, text: 'closing connection' });
        case 'DATA':
          return this.data();
        default:
          return this.unrecognized(verb, rest);
      }
    });
  }

  private async hello(verb: string, rest: string): Promise<HostReply> {
    const name = rest.split(/ +/)[0] ?? '';
    if (name === '') return { code: 501, text: `${verb} requires domain/address - see RFC-2821 4.1.1.1` };
    this.connection.transaction = null;
    this.connection.hello = { verb, host: name };
    const answer = await this.run(verb.toLowerCase(), name);
    if (isDenied(answer)) {
      this.connection.hello = { verb: null, host: null };
      return said(answer, answer.code === constants.deny ? 550 : 450);
    }
    return {
      code: 250,
      text: `${this.options.me} Hello ${this.connection.remote.host} [${this.connection.remote.ip}]`,
    };
  }

  private async mail(rest: string): Promise<HostReply> {
    if (!this.connection.hello.host) return { code: 503, text: 'Use EHLO/HELO before MAIL' };
    const sender = parsePath(rest, /^from:\s*/i);
    if (!sender) return { code: 501, text: 'Invalid MAIL FROM address' };
    this.connection.transaction = new SimulatedTransaction(sender);
    const answer = await this.run('mail', [sender, {}]);
    if (isDenied(answer)) {
      this.connection.transaction = null;
      return said(answer, answer.code === constants.deny ? 550 : 450);
    }
    return { code: 250, text: `sender ${sender.format()} OK` };
  }

  private async rcpt(rest: string): Promise<HostReply> {
    const { transaction } = this.connection;
    if (!transaction) return { code: 503, text: 'Use MAIL before RCPT' };
    const recipient = parsePath(rest, /^to:\s*/i);
    if (!recipient) return { code: 501, text: 'Invalid RCPT TO address' };
    transaction.rcpt_to.push(recipient);
    let answer = await this.run('rcpt', [recipient, {}]);
    if (answer.code === constants.cont && this.connection.relaying) answer = { code: constants.ok, message: undefined };
    if (answer.code === constants.ok) answer = await this.run('rcpt_ok', recipient);
    else if (!isDenied(answer)) {
      answer = { code: constants.deny, message: `I cannot deliver mail for ${recipient.format()}` };
    }
    if (!isDenied(answer)) return { code: 250, text: `recipient ${recipient.format()} OK` };
    transaction.rcpt_to.pop();
    return said(answer, answer.code === constants.deny ? 550 : 450);
  }

  private async vrfy(): Promise<HostReply> {
    const answer = await this.run('vrfy');
    if (answer.code === constants.ok) return said(answer, 250);
    return { code: 252, text: "Just try sending a mail and we'll see how it turns out..." };
  }

  private async unrecognized(verb: string, rest: string): Promise<HostReply> {
    const answer = await this.run('unrecognized_command', [verb, rest]);
    return isDenied(answer) ? said(answer, 500) : { code: 500, text: 'Unrecognized command' };
  }

  private data(): HostReply {
    const { transaction } = this.connection;
    if (!transaction) return { code: 503, text: 'MAIL required first' };
    if (transaction.rcpt_to.length === 0) return { code: 503, text: 'RCPT required first' };
    return { code: 354, text: 'go ahead, make my day' };
  }

  private close(reply: HostReply): HostReply {
    this.isClosed = true;
    return reply;
  }

  private async step(command: string, body: () => Promise<HostReply>): Promise<Step> {
    this.decisions = [];
    const reply = await body();
    return { command, decisions: this.decisions, reply };
  }

  /** The hooks in their order until one answers; at connect_init all of them. */
  private async run(hook: string, params?: unknown): Promise<Answer> {
    for (const registered of this.hooks.filter((h) => h.hook === hook)) {
      const answer = await new Promise<Answer>((resolve) => {
        registered.run((code = constants.cont, message?: unknown) => resolve({ code, message }), params);
      });
      if (answer.code !== constants.cont && hook !== 'connect_init') return answer;
    }
    return { code: constants.cont, message: undefined };
  }

  private addHook(hook: string, priority: number, run: (next: Next, params: unknown) => void): void {
    this.hooks.push({ hook, priority, run });
  }

  private makePlugin(): SuitePlugin {
    const silent = (): void => {};
    const methods = smtpcheck as unknown as Readonly<Record<string, Method>>;
    const plugin: SuitePlugin = {
      name: 'smtpcheck',
      smtpcheck: this.options.suite,
      config: { root_path: '', get: () => this.options.me },
      register_hook: (hook, method, priority = 0) => {
        this.addHook(hook, priority, (next, params) => methods[method]?.call(plugin, next, this.connection, params));
      },
      haraka_require: () => {
        throw new Error('explain queues nothing');
      },
      loginfo: silent,
      lognotice: silent,
      logwarn: silent,
      logerror: silent,
      logcrit: silent,
    };
    return plugin;
  }
}

function isDenied({ code }: Answer): boolean {
  const denials = [constants.deny, constants.denysoft, constants.denydisconnect, constants.denysoftdisconnect];
  return denials.includes(code);
}

/** What the client reads: a DSN brings its own code. */
function said({ message }: Answer, code: number): HostReply {
  if (typeof message === 'object' && message !== null && 'reply' in message && 'code' in message) {
    return { code: Number(message.code), text: String(message.reply) };
  }
  return { code, text: String(message ?? '') };
}

/** The path behind `FROM:` or `TO:` with its parameters cut off, or `undefined` where Haraka's parser takes none. */
function parsePath(rest: string, keyword: RegExp): Address | undefined {
  if (!keyword.test(rest)) return undefined;
  const path = rest
    .replace(keyword, '')
    .replace(/\s+$/, '')
    .replace(/(?<=>)(?:\s+[A-Za-z0-9][A-Za-z0-9-]*(?:=[\x21-\x3c\x3e-\uffff]+)?)+$/, '');
  if (path !== '' && !path.startsWith('<') && !/^postmaster$/i.test(path)) return undefined;
  try {
    return new Address(path);
  } catch {
    return undefined;
  }
}
