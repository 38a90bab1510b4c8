/** A question about whole sets of clients, names and recipients: what of them a policy does not answer as expected. */
import { coveredSender, type Sender } from '../attributes/sender-scope';
import { type ClientNames, noNames } from '../client-names';
import { dependsOnSender } from '../client-trust';
import type { Network } from '../entries/containment';
import type { Recipient } from '../entries/entry-tables';
import { formatNetwork, type IpAddress } from '../entries/ip-address';
import { foldLocalPart, mailboxOfKey } from '../mailbox';
import { beforeAllEnds as time } from '../tables/ends';
import { NameTable, type NameTableData } from '../tables/name-table';
import { classifyNetworks } from './classified-networks';
import { decideMail, type MailDecision, type MailPolicy } from './mail-decision';
import { anyLocalPart, holdsName, unlistedLabel } from './name-sets';
import { mailPolicyOf, type PolicyContent } from './policy-lists';

export interface NameQuestion {
  /** `name`, or `*.name` for the name and all below it. */
  readonly name: string;
  readonly isConfirmed: boolean;
}

export interface MailQuestion {
  readonly clients: Network;
  readonly names: readonly NameQuestion[];
  /** `*` is every local part that carries no route. */
  readonly localPart: string;
  /** `name`, `*.name`, an address literal, or empty for `<postmaster>`. */
  readonly domain: string;
  /** Absent where the answer must be the same for every sender. */
  readonly sender?: Sender;
}

/** A part of the question that is answered in one way. */
export interface Answer {
  readonly clients: Network;
  readonly names: readonly string[];
  /** The scope that covers the sender, where one does. */
  readonly scope?: string;
  readonly recipient: string;
  readonly decision: MailDecision;
}

/** `byLine`: the lines that decide matter, and not the answer alone. */
export class Questioner {
  private readonly policy: MailPolicy;

  constructor(private readonly content: PolicyContent) {
    this.policy = mailPolicyOf(content);
  }

  /** Every part that is not as expected, the widest networks first in the order of their addresses. */
  *unexpected(
    question: MailQuestion,
    isExpected: (decision: MailDecision) => boolean,
    byLine: boolean,
  ): Generator<Answer> {
    for (const clientNames of this.clientNames(question.names)) {
      for (const [recipient, sender] of this.mails(question)) {
        const decide = (clientAddress: IpAddress) =>
          decideMail(this.policy, { clientAddress, clientNames, recipient, time, sender });
        // Of a sender that every scope covers, what no scope covers has been asked before.
        const isAsked = ({ scope }: MailDecision) => sender !== coveredSender || scope !== undefined;
        const classOf = (address: IpAddress) => {
          const decision = decide(address);
          return !isAsked(decision) || isExpected(decision) ? 0 : 1;
        };
        const tables = this.networkTables(question.clients).map((data) => ({ data }));
        const found = classifyNetworks(tables, question.clients, { classOf, compared: false, byLine });
        for (const { network } of found) {
          const decision = decide(network.address);
          yield {
            clients: network,
            names: clientNames.claimed.map(shownName),
            ...(sender === coveredSender && decision.scope && { scope: decision.scope.text }),
            recipient: shownRecipient(recipient),
            decision,
          };
        }
      }
    }
  }

  /** What the first of the question is answered. */
  first(question: MailQuestion): MailDecision {
    const [clientNames = noNames] = this.clientNames(question.names);
    const [recipient = { localPart: '', domain: '' }] = this.recipients(question);
    const { sender } = question;
    return decideMail(this.policy, { clientAddress: question.clients.address, clientNames, recipient, time, sender });
  }

  private *mails(question: MailQuestion): Generator<readonly [Recipient, Sender | undefined]> {
    const senders: readonly (Sender | undefined)[] =
      question.sender !== undefined || !dependsOnSender(this.policy.relay)
        ? [question.sender]
        : [undefined, coveredSender];
    for (const recipient of this.recipients(question)) for (const sender of senders) yield [recipient, sender];
  }

  private networkTables({ address }: Network) {
    const { hosts, local_ip, relay_map } = this.content.lists;
    const tables = [hosts, local_ip, relay_map.connect];
    return tables.map(({ networks4, networks6 }) => (address.family === 4 ? networks4 : networks6));
  }

  /** A client has all of its names at once; each set among them is divided by the names that lists hold. */
  private *clientNames(names: readonly NameQuestion[]): Generator<ClientNames> {
    if (names.length === 0) return yield noNames;
    const { hosts, local_domain, relay_map } = this.content.lists;
    const tables = [hosts, local_domain, relay_map.connect].flatMap(({ suffixes, exacts }) => [suffixes, exacts]);
    const choices = names.map(({ name }) => namesWithin(name, tables));
    for (const claimed of combinations(choices)) {
      const confirmed = claimed.filter((_, i) => names[i]?.isConfirmed);
      yield { state: 'known', claimed, confirmed, unresolved: [] };
    }
  }

  private *recipients({ localPart, domain }: MailQuestion): Generator<Recipient> {
    const { relay_to, relay_map, host_list } = this.content.lists;
    const tables = [relay_to, relay_map.to].flatMap(({ suffixes, exacts }) => [suffixes, exacts]);
    const domains = new Set(domain.startsWith('*.') ? namesWithin(domain, tables, host_list.lines) : [domain]);
    const isAnyone = localPart === '*';
    const folded = foldLocalPart(localPart);
    const mailboxes = [relay_to, relay_map.to]
      .flatMap((list) => [...new NameTable(list.mailboxes).keys()])
      .map(mailboxOfKey);
    const users = mailboxes.filter((mailbox) => mailbox.domain === '').map((mailbox) => mailbox.localPart);
    const localParts = new Set(isAnyone ? [anyLocalPart, ...users] : [localPart]);
    const asked = isAnyone ? localParts : new Set([folded]);
    for (const one of domains) for (const part of localParts) yield { localPart: part, domain: one };
    for (const mailbox of mailboxes) {
      if (mailbox.domain === '' || !holdsName(domain, mailbox.domain)) continue;
      if (domains.has(mailbox.domain) && asked.has(mailbox.localPart)) continue;
      if (isAnyone || mailbox.localPart === folded) yield mailbox;
    }
  }
}

/** The names that stand for all that a subject holds: every name with an entry, and one below each that has none. */
function namesWithin(subject: string, tables: readonly NameTableData[], others: readonly string[] = []): string[] {
  if (!subject.startsWith('*.')) return [subject];
  const names = new Set([subject.slice(2)]);
  for (const data of tables)
    for (const name of new NameTable(data).keys()) if (holdsName(subject, name)) names.add(name);
  for (const name of others) if (holdsName(subject, name)) names.add(name);
  return [...names].flatMap((name) => [name, `${unlistedLabel}.${name}`]);
}

function* combinations(choices: readonly (readonly string[])[]): Generator<string[]> {
  const [first = [], ...rest] = choices;
  if (choices.length === 0) return yield [];
  for (const one of first) for (const others of combinations(rest)) yield [one, ...others];
}

/** `~.name` is any name below it that is in no list. */
function shownName(name: string): string {
  return name.startsWith(`${unlistedLabel}.`) ? `*${name.slice(1)}` : name;
}

function shownRecipient({ localPart, domain }: Recipient): string {
  const part = localPart === anyLocalPart ? '*' : localPart;
  return domain === '' ? part : `${part}@${shownName(domain)}`;
}

/** The clients of an answer in words. */
export function shownClients({ clients, names, scope }: Answer): string {
  const words = [formatNetwork(clients), ...names.map((name) => `ptr=${name}`), ...(scope ? [`from=${scope}`] : [])];
  return words.join(' ');
}
