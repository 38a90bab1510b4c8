/** What SMTP checks have to work with: paced connections, sessions, and transactions that stop at RCPT. */

import { type Outcome, unknown } from './outcome';
import { type Audit, type Channel, randomUser, tlsOptionsOf } from './session/channel';
import { Connector } from './session/connector';
import { DialogueFault } from './session/dialogue-fault';
import { isAccepted, isDeferred, isRefused, type Reply, SmtpDialogue, shownReply } from './session/smtp-dialogue';
import type { TlsOptions } from './session/tls-options';

/** Servers slow down or hang up on a client that errs often; a new connection is kinder than a slow one. */
const refusalsPerSession = 8;

export class SmtpContext {
  readonly channel: Channel;
  readonly audit: Audit;
  #session: SmtpDialogue | undefined;
  #refusals = 0;
  #serverName: string | undefined;
  #open: SmtpDialogue[] = [];
  #connections = 0;
  readonly #connector: Connector;
  /** STARTTLS was refused once: the questions that need it cannot be asked, and it is not asked for again. */
  #noStarttls: DialogueFault | undefined;
  #hasStarttls = false;
  #sender: string | undefined;
  #localAddress: string | undefined;
  #defersAll: boolean | undefined;
  readonly #catchAll = new Map<string, boolean>();

  constructor(channel: Channel, audit: Audit) {
    this.channel = channel;
    this.audit = audit;
    this.#connector = new Connector(channel, audit);
  }

  /** A new connection after its banner, with TLS up where the channel has it, and no HELO said since. */
  async connect(): Promise<SmtpDialogue> {
    if (this.#noStarttls !== undefined) throw this.#noStarttls;
    const smtp = await this.connectClear(this.channel.security === 'implicit' ? this.tlsOptions : undefined);
    if (this.channel.security !== 'starttls') return smtp;
    await this.hello(smtp);
    const reply = await smtp.starttls(this.tlsOptions);
    this.#hasStarttls = reply.code === 220;
    if (this.#hasStarttls) return smtp;
    const fault = new DialogueFault('no-tls', `STARTTLS → ${shownReply(reply)}`);
    if (isRefused(reply)) this.#noStarttls = fault;
    throw fault;
  }

  /** A new connection up to its banner, with or without TLS from the first byte. */
  async connectClear(implicit?: TlsOptions): Promise<SmtpDialogue> {
    await this.end();
    this.#connections += 1;
    return await this.#connector.open(this.#connections, implicit, async (dialogue) => {
      this.#localAddress = dialogue.localAddress;
      const smtp = new SmtpDialogue(dialogue);
      this.#open.push(smtp);
      const banner = await smtp.greeting();
      if (banner.code !== 220) throw new DialogueFault('closed', `the banner refuses us: ${shownReply(banner)}`);
      this.#serverName ??= /^[\w.-]+\.[\w-]+/.exec(banner.text)?.[0];
      return smtp;
    });
  }

  /** In clear text after EHLO, on a server whose STARTTLS is known to work: a refusal then means something. */
  async beforeStarttls(): Promise<SmtpDialogue> {
    if (!this.#hasStarttls) await this.connect();
    const smtp = await this.connectClear();
    await this.hello(smtp);
    return smtp;
  }

  /** A new connection that has said EHLO. */
  async greeted(): Promise<SmtpDialogue> {
    const smtp = await this.connect();
    await this.hello(smtp);
    return smtp;
  }

  async hello(smtp: SmtpDialogue): Promise<Reply> {
    this.audit.budget.spendCommand();
    const reply = await smtp.hello(this.audit.helloName);
    if (!isAccepted(reply)) throw new DialogueFault('closed', `EHLO is refused: ${shownReply(reply)}`);
    return reply;
  }

  async command(smtp: SmtpDialogue, line: string, encoding: 'latin1' | 'utf8' = 'latin1'): Promise<Reply> {
    this.audit.budget.spendCommand();
    return await smtp.command(line, encoding);
  }

  get tlsOptions(): TlsOptions {
    return tlsOptionsOf(this.channel, this.audit);
  }

  /** The name in the server's own banner, once one has been seen. */
  get serverName(): string | undefined {
    return this.#serverName;
  }

  /** Domains this server should be final for: those it was said to be, or else its own name. */
  get localDomains(): readonly string[] {
    if (this.audit.site.localDomains.length > 0) return this.audit.site.localDomains;
    return this.#serverName === undefined ? [] : [this.#serverName];
  }

  /**
   * A sender that gets past MAIL, so that RCPT is what is judged. Where AUTH is demanded before any, there is none and
   * nothing to try; where all are refused for other reasons, nothing that follows could be told.
   */
  async sender(): Promise<string | 'login-first'> {
    if (this.#sender !== undefined) return this.#sender;
    const refusals: Reply[] = [];
    for (const sender of this.audit.senders) {
      const { mail } = await this.transact(`MAIL FROM:<${sender}>`, []);
      if (isAccepted(mail)) {
        this.#sender = sender;
        return sender;
      }
      if (answerOf(mail) === 'login-first') return 'login-first';
      refusals.push(mail);
    }
    throw new DialogueFault('unanswered', `no sender gets past MAIL: ${refusals.map(shownReply).join('; ')}`);
  }

  /** What was accepted shows nothing about strangers where the site's own lists trust the address we come from. */
  asStranger(outcome: Outcome): Outcome {
    const trusted = this.#localAddress === undefined ? undefined : this.audit.site.trusts(this.#localAddress);
    if (outcome.verdict !== 'unsafe' || trusted === undefined) return outcome;
    return unknown(
      `asked from ${this.#localAddress}, which ${trusted} trusts: ask from elsewhere; ${outcome.observed}`,
    );
  }

  /** Whether a name that cannot exist is accepted there: then an accepted local part proves nothing. */
  async acceptsAnyone(domain: string): Promise<boolean> {
    const known = this.#catchAll.get(domain);
    if (known !== undefined) return known;
    const sender = await this.sender();
    const address = domain === '' ? randomUser() : `${randomUser()}@${domain}`;
    const { rcpts } = await this.transact(`MAIL FROM:<${sender}>`, [`RCPT TO:<${address}>`]);
    const accepts = rcpts[0] !== undefined && isAccepted(rcpts[0]);
    this.#catchAll.set(domain, accepts);
    return accepts;
  }

  /**
   * What a reply to MAIL or RCPT says about the right to send. A deferral that speaks of relaying counts as such only where
   * the server does not defer every recipient.
   */
  async answerTo(reply: Reply): Promise<Answer> {
    const answer = answerOf(reply);
    if (answer !== 'relaying-deferred') return answer;
    this.#defersAll ??= await this.#defersOwnRecipients();
    return this.#defersAll ? 'deferred' : answer;
  }

  async #defersOwnRecipients(): Promise<boolean> {
    const sender = await this.sender();
    const own = this.localDomains.flatMap((domain) => [`postmaster@${domain}`, `${randomUser()}@${domain}`]);
    for (const address of [...own, 'postmaster']) {
      const { rcpts } = await this.transact(`MAIL FROM:<${sender}>`, [`RCPT TO:<${address}>`]);
      if (rcpts[0] !== undefined && !isDeferred(rcpts[0])) return false;
    }
    return true;
  }

  /** MAIL and RCPT on a shared session, then RSET. It never gets as far as DATA. */
  async transact(mail: string, rcpts: readonly string[]): Promise<Transaction> {
    for (let attempt = 0; ; attempt += 1) {
      const fresh = this.#session === undefined || !this.#session.isOpen || this.#refusals >= refusalsPerSession;
      const smtp = fresh ? await this.greeted() : (this.#session as SmtpDialogue);
      if (fresh) {
        this.#session = smtp;
        this.#refusals = 0;
      }
      try {
        const transaction = await this.#attempt(smtp, mail, rcpts);
        if (transaction.closing) await this.end();
        return transaction;
      } catch (error) {
        await this.end();
        // A session with a past may have been cut off for it; a fresh one was cut off for this.
        if (!(error instanceof DialogueFault) || error.kind !== 'closed' || fresh || attempt > 0) throw error;
      }
    }
  }

  async #attempt(smtp: SmtpDialogue, mail: string, rcpts: readonly string[]): Promise<Transaction> {
    const replies: Reply[] = [];
    const mailReply = await this.command(smtp, mail, 'utf8');
    if (isAccepted(mailReply)) {
      for (const rcpt of rcpts) {
        const reply = await this.command(smtp, rcpt, 'utf8');
        replies.push(reply);
        if (!isAccepted(reply)) this.#refusals += 1;
        if (reply.code === 421 || !smtp.isOpen) break;
      }
    } else {
      this.#refusals += 1;
    }
    const closing = mailReply.code === 421 || replies.some(({ code }) => code === 421 || code === 521) || !smtp.isOpen;
    if (!closing) await this.command(smtp, 'RSET');
    return { mail: mailReply, rcpts: replies, closing };
  }

  /** Closes whatever is open. One connection at a time: a new one begins with this. */
  async end(): Promise<void> {
    this.#session = undefined;
    const open = this.#open;
    this.#open = [];
    for (const smtp of open) await smtp.quit();
  }
}

export interface Transaction {
  readonly mail: Reply;
  readonly rcpts: readonly Reply[];
  readonly closing: boolean;
}

export type Answer = 'accepted' | 'refused' | 'deferred' | 'relaying-deferred' | 'login-first' | 'no-such-domain';

/**
 * What a reply to MAIL or RCPT says about the right to send. A refusal for a domain that has no DNS records says nothing
 * about that right: a real domain might have been let through.
 */
export function answerOf(reply: Reply): Answer {
  if (isAccepted(reply)) return 'accepted';
  if (isDeferred(reply)) return deniesRelaying(reply) ? 'relaying-deferred' : 'deferred';
  if (isRefused(reply)) {
    if (
      reply.code === 530 ||
      /authentication (?:is )?required|must (?:authenticate|issue a STARTTLS)/i.test(reply.text)
    ) {
      return 'login-first';
    }
    const unresolved =
      /^5\.(?:1\.[28]|1\.10|4\.4)$/.test(reply.enhanced ?? '') ||
      /domain (?:of sender address \S+ )?(?:name )?(?:\S+ )?(?:not found|does not (?:exist|resolve))|unrouteable|host unknown|nullmx/i.test(
        reply.text,
      );
    if (unresolved) return 'no-such-domain';
    return 'refused';
  }
  return 'deferred';
}

/** Whether a deferral is a denial of relaying, and not for a cause that may pass: greylisting, DNS, load. */
function deniesRelaying({ code, enhanced, text }: Reply): boolean {
  // The address of the question says nothing.
  const words = text.replaceAll(/<[^>]*>/g, '');
  if (
    code === 421 ||
    /gr[ea]y-?list|temporar|later|again|resol|look(?:ed)?[ -]?up|\bDNS\b|time[ds]?[ -]?out/i.test(words)
  ) {
    return false;
  }
  const denied =
    /relay/i.test(words) && /den(?:y|ied)|not (?:permitted|allowed)|prohibited|refuse|reject|unable/i.test(words);
  return denied || (code === 454 && enhanced === '4.7.1');
}
