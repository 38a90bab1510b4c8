/**
 * A stand-in for Haraka 3.3 that plays one session through the suite's own hooks, with the answers that Haraka makes of
 * theirs. It opens no socket and queues nothing. Besides the suite it knows `rcpt_to.in_host_list`; other plugins are
 * not played.
 */
import constants from 'haraka-constants';
import { recipientsOf, routingOf } from '../../host/dispositions';
import type { Suite } from '../../host/suite';
import { isAscii } from '../../policy/findings/characters';
import type { Disposition } from '../../policy/relay-policy';
import type { PluginName } from '../../policy/settings/settings';
import { SimulatedConnection, SimulatedTransaction } from './connection';
import { type HookResult, Hooks, type RuleTrace } from './hooks';
import type { HostConfig } from './host-config';
import { type Path, parsePath } from './path';

export interface HostReply {
  readonly code: number;
  /** Lines are divided by `\n`. */
  readonly text: string;
}

/** One command, the decision of each rule on it, and the reply that the client would see. */
export interface PlayedStep {
  readonly command: string;
  readonly trace: readonly RuleTrace[];
  readonly reply: HostReply;
}

/** An accepted recipient. */
export interface RoutedRecipient {
  readonly address: string;
  readonly disposition: Disposition;
  /** The queue plugin that is asked first, or Haraka's outbound queue; nothing where no plugin takes local mail. */
  readonly queue: string | undefined;
}

const outboundQueue = "Haraka's outbound queue";

export interface HostOptions extends HostConfig {
  readonly suite: Suite;
  /** Which of the suite's plugins `config/plugins` loads, in its order. */
  readonly loaded: readonly PluginName[];
}

const syntaxError: HostReply = { code: 501, text: 'Syntax error' };
const done: HostReply = { code: 250, text: 'OK' };

export class SimulatedHost {
  private readonly connection: SimulatedConnection;
  private readonly hooks: Hooks;
  private isClosed = false;
  private isExtended = false;
  /** Set by a refusal at connect: the reply to every command but QUIT from then on. */
  private refusal: HostReply | undefined;
  /** Haraka reads a client that has said HELO octet by octet, from its first MAIL on. */
  private encoding: 'utf8' | 'latin1' = 'utf8';

  constructor(
    private readonly options: HostOptions,
    ip: string,
    hostName: string,
  ) {
    this.connection = new SimulatedConnection(ip, hostName, options.me);
    this.hooks = new Hooks(options.suite, options.loaded, options.localDomains, this.connection);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** Where each accepted recipient would go, by the suite's disposition or else by Haraka's own rule. */
  get recipients(): readonly RoutedRecipient[] {
    const { transaction, relaying } = this.connection;
    if (!transaction) return [];
    const { queues } = this.options;
    const routed = recipientsOf(transaction);
    const isRouted = routingOf(transaction) !== undefined;
    return transaction.rcpt_to.map((recipient) => {
      const isSentOut = isRouted ? routed.relay.includes(recipient) : relaying;
      const address = recipient.format();
      if (routed.discard.includes(recipient)) return { address, disposition: 'discard', queue: undefined };
      if (!isSentOut) return { address, disposition: 'local', queue: queues.local };
      return { address, disposition: 'relay', queue: (relaying ? queues.relaying : undefined) ?? outboundQueue };
    });
  }

  async connect(): Promise<PlayedStep> {
    return this.step('(connect)', async () => {
      await this.hooks.run('connect_init');
      const answer = await this.hooks.run('connect');
      if (answer.code === constants.deny) {
        this.refusal = replyOf(answer, 554);
        return this.refusal;
      }
      if (answer.code === constants.denysoftdisconnect) return this.close(replyOf(answer, 421));
      return { code: 220, text: `${this.options.me} ESMTP Haraka ready` };
    });
  }

  /** One line of the client's, as it would be sent. */
  async command(line: string): Promise<PlayedStep> {
    return this.step(line, async () => {
      // The line end adds two octets.
      const isTooLong = Buffer.byteLength(line) + 2 > this.options.limits.lineLength;
      if (isTooLong) return this.close({ code: 521, text: 'Command line too long' });
      return this.answer(Buffer.from(line).toString(this.encoding));
    });
  }

  private async answer(line: string): Promise<HostReply> {
    if (!isAscii(line) && this.connection.hello.verb === 'HELO') {
      return { code: 501, text: 'Syntax error (8-bit characters not allowed)' };
    }
    if (this.refusal) return line.toUpperCase() === 'QUIT' ? this.quit() : this.refusal;
    // A line with a bare CR inside is no command at all.
    const words = /^([^ ]*)(?: +(.*))?$/.exec(line);
    return words ? this.dispatch(words[1] as string, words[2] ?? '') : this.unrecognized([line]);
  }

  private async dispatch(verb: string, rest: string): Promise<HostReply> {
    switch (verb.toUpperCase()) {
      case 'HELO':
      case 'EHLO':
        return this.hello(verb.toUpperCase() as 'HELO' | 'EHLO', rest);
      case 'MAIL':
        return this.mail(rest);
      case 'RCPT':
        return this.rcpt(rest);
      case 'RSET':
        if (rest !== '') return syntaxError;
        this.connection.transaction = null;
        return done;
      case 'DATA':
        return this.data(rest);
      case 'VRFY':
        return this.vrfy();
      case 'NOOP':
        return done;
      case 'HELP':
        return { code: 250, text: 'Not implemented' };
      case 'QUIT':
        return rest === '' ? this.quit() : syntaxError;
      case 'PROXY':
        return this.close({ code: 421, text: `PROXY not allowed from ${this.connection.remote.ip}` });
      case 'INTERNALCMD':
        return { code: 501, text: 'INTERNALCMD not allowed remotely' };
      default:
        return this.unrecognized([verb, rest]);
    }
  }

  private async hello(verb: 'HELO' | 'EHLO', rest: string): Promise<HostReply> {
    const name = rest.split(/ +/)[0] ?? '';
    if (name === '') return { code: 501, text: `${verb} requires domain/address - see RFC-2821 4.1.1.1` };
    if (/[\x00-\x1f\x7f]/.test(name)) return { code: 501, text: `${verb} syntax error - see RFC-2821 4.1.1.1` };
    this.connection.transaction = null;
    this.connection.hello = { verb, host: name };
    const answer = await this.hooks.run(verb.toLowerCase(), name);
    if (isDenied(answer)) {
      this.connection.hello = { verb: null, host: null };
      return denial(answer);
    }
    const { ip, host } = this.connection.remote;
    const client = /^(?:NXDOMAIN|DNSERROR|)$/.test(host ?? '') ? `[${ip}]` : `${host} [${ip}]`;
    const greeting = `${this.options.me} Hello ${client}, Haraka is at your service.`;
    if (verb === 'HELO') return { code: 250, text: greeting };
    this.isExtended = true;
    const size = `SIZE ${this.options.limits.messageSize}`;
    return { code: 250, text: [greeting, 'PIPELINING', '8BITMIME', 'SMTPUTF8', size].join('\n') };
  }

  private async mail(rest: string): Promise<HostReply> {
    const { connection } = this;
    if (!connection.hello.host) return { code: 503, text: 'Use EHLO/HELO before MAIL' };
    const path = this.path('mail', rest);
    if (!('address' in path)) return path;
    if (Number(path.params.get('SIZE') ?? 0) > this.options.limits.messageSize) {
      return { code: 550, text: 'Message too big!' };
    }
    connection.transaction = new SimulatedTransaction(path.address);
    if (connection.hello.verb === 'HELO') this.encoding = 'latin1';
    const answer = await this.hooks.run('mail', [path.address, path.params]);
    if (isDenied(answer)) {
      connection.transaction = null;
      return denial(answer);
    }
    return { code: 250, text: `sender ${path.address.format()} OK` };
  }

  private async rcpt(rest: string): Promise<HostReply> {
    const { transaction } = this.connection;
    if (!transaction) return { code: 503, text: 'Use MAIL before RCPT' };
    const path = this.path('rcpt', rest);
    if (!('address' in path)) return path;
    const { address } = path;
    transaction.rcpt_to.push(address);
    let answer = await this.hooks.run('rcpt', [address, path.params]);
    if (answer.code === constants.cont && this.connection.relaying) answer = { code: constants.ok, message: undefined };
    if (answer.code === constants.ok) answer = await this.hooks.run('rcpt_ok', address);
    else if (!isDenied(answer)) {
      answer = { code: constants.deny, message: `I cannot deliver mail for ${address.format()}` };
    }
    if (!isDenied(answer)) {
      transaction.rcpt_count.accept++;
      return { code: 250, text: `recipient ${address.format()} OK` };
    }
    transaction.rcpt_to.pop();
    return answer.code === constants.denysoftdisconnect ? this.close(denial(answer)) : denial(answer);
  }

  private path(command: 'mail' | 'rcpt', rest: string): Path | HostReply {
    const isStrict = this.options.limits.strictPaths && !this.connection.relaying;
    const path = parsePath(command, rest, isStrict);
    if (!path)
      return { code: 501, text: `Invalid ${command === 'mail' ? 'checks of senders (MAIL FROM)' : 'RCPT TO'} address` };
    return this.isExtended || path.params.size === 0 ? path : { code: 555, text: 'Invalid command parameters' };
  }

  private async vrfy(): Promise<HostReply> {
    const answer = await this.hooks.run('vrfy');
    if (answer.code === constants.ok) return replyOf(answer, 250);
    return { code: 252, text: "Just try sending a mail and we'll see how it turns out..." };
  }

  private async unrecognized(words: readonly string[]): Promise<HostReply> {
    const answer = await this.hooks.run('unrecognized_command', words);
    return isDenied(answer) ? replyOf(answer, 500) : { code: 500, text: 'Unrecognized command' };
  }

  /** The message after the 354 is not played. */
  private data(rest: string): HostReply {
    if (rest !== '') return syntaxError;
    const { transaction } = this.connection;
    if (!transaction) return { code: 503, text: 'MAIL required first' };
    if (transaction.rcpt_to.length === 0) return { code: 503, text: 'RCPT required first' };
    return { code: 354, text: 'go ahead, make my day' };
  }

  private quit(): HostReply {
    return this.close({ code: 221, text: `${this.options.me} closing connection. Have a jolly good day.` });
  }

  private close(reply: HostReply): HostReply {
    this.isClosed = true;
    return reply;
  }

  private async step(command: string, body: () => Promise<HostReply>): Promise<PlayedStep> {
    const reply = await body();
    return { command, trace: this.hooks.takeTrace(), reply };
  }
}

function isDenied({ code }: HookResult): boolean {
  const denials = [constants.deny, constants.denysoft, constants.denydisconnect, constants.denysoftdisconnect];
  return denials.includes(code);
}

function denial(answer: HookResult): HostReply {
  return replyOf(answer, answer.code === constants.deny ? 550 : 450);
}

/** The reply that the client reads: a DSN has its own code. */
function replyOf({ message }: HookResult, code: number): HostReply {
  if (typeof message === 'object' && message !== null && 'reply' in message && 'code' in message) {
    return { code: Number(message.code), text: String(message.reply) };
  }
  return { code, text: String(message ?? '') };
}
