/**
 * Whose verdict differs between two policies, exactly and as disjoint sets: clients by address, clients by name, and
 * recipients. A verdict is what the server's own decisions answer; two that answer the same are equal, whichever line says it.
 */
import { type ClientNames, unaskedNames } from '../client-names';
import { containsNetwork, type Network } from '../entries/containment';
import { formatLiteral } from '../entries/entry';
import type { EntryTablesData } from '../entries/entry-tables';
import { type IpAddress, ipv4, parseAddressLiteral, widthOf } from '../entries/ip-address';
import { mapValueOf } from '../entries/map-value';
import { formatRoute, routeOf } from '../entries/route';
import { mailboxKey } from '../mailbox';
import { NameTable } from '../tables/name-table';
import { decideMail, describeMail, type MailDecision, type MailPolicy } from './mail-decision';
import { type ChangedNames, changedNames, type NameTablePair, namesIn } from './name-changes';
import { type NameClasses, NameSets, unlistedLabel } from './name-sets';
import {
  addressCount,
  type ClassifiedNetwork,
  classifyNetworks,
  everyAddress,
  formatNetwork,
  type WalkedTable,
} from './network-walk';
import {
  clientsByAddress,
  clientsByName,
  type PolicyContent,
  recipientsAtLiterals,
  recipientsOf,
  trustedClient,
} from './policy-lists';

export type Effect = 'opens' | 'closes' | 'moves';

/** Whom or what a set holds. */
export type SubjectKind = 'client-addresses' | 'client-names' | 'recipients' | 'recipient-literals';

export interface Change {
  readonly kind: SubjectKind;
  readonly effect: Effect;
  /** A network, a name or mailbox; `*.name` is the name and all below it, `user@*` the user at any domain. */
  readonly subject: string;
  /** Of the subject, what does not belong to the set; in the same forms. */
  readonly except: readonly string[];
  /** How many addresses of clients; absent for names and recipients. */
  readonly addresses?: bigint;
  /** The file of the list that decides after the change, or that decided before it. */
  readonly list: string;
  /** Which of the questions about the subject differs; see `questions`. */
  readonly question: number;
  /** Of any subject that changes in the same way; `decide` has the lines for this one. */
  readonly before: MailDecision;
  readonly after: MailDecision;
  /** What decides the first of the subject. Asked again: a report shows few of a million changes. */
  decide(): { readonly before: MailDecision; readonly after: MailDecision };
}

type ChangeKind = Pick<Change, 'effect' | 'list' | 'question' | 'before' | 'after'>;

/** What is asked about a subject of each kind: a change is a change of any of the answers. */
export const questions = {
  'client-addresses': ['without a name'],
  'client-names': ['with the name confirmed', 'with the name forged'],
  recipients: ['from a stranger', 'from a trusted client'],
  'recipient-literals': ['from a stranger', 'from a trusted client'],
} as const satisfies Record<SubjectKind, readonly string[]>;

/** An answer for every question. */
type Answers = readonly MailDecision[];

/** Settings that say the same of every subject are compared elsewhere; here those of `after` hold on both sides. */
export function* comparePolicies(before: PolicyContent, after: PolicyContent): Generator<Change> {
  const { restriction, localDelivery, acceptsLocal } = after;
  const lists = { ...before.lists, host_list_regex: after.lists.host_list_regex };
  const sides = [{ lists, restriction, localDelivery, acceptsLocal }, after] as const;
  yield* compareClientAddresses(sides);
  yield* compareClientNames(sides);
  yield* compareRecipients(sides);
}

type Sides = readonly [before: PolicyContent, after: PolicyContent];
type Asker = (policy: MailPolicy) => Answers;

/** What differs in the same way has the same number. */
class Classes {
  private readonly numbers = new Map<string, number>();
  private readonly kinds: ChangeKind[] = [];

  /** 0 where both answer the same. */
  numberOf(before: Answers, after: Answers): number {
    const [one, other] = [keyOf(before), keyOf(after)];
    if (one === other) return 0;
    const pair = `${one}\n${other}`;
    const known = this.numbers.get(pair);
    if (known !== undefined) return known;
    this.kinds.push(kindOf(before, after));
    this.numbers.set(pair, this.kinds.length);
    return this.kinds.length;
  }

  kindOf(itsClass: number): ChangeKind {
    return this.kinds[itsClass - 1] as ChangeKind;
  }
}

function keyOf(answers: Answers): string {
  return answers.map(sameness).join('|');
}

function kindOf(before: Answers, after: Answers): ChangeKind {
  const steps = after.map((decision, i) => openness(decision) - openness(before[i] as MailDecision));
  const effect = steps.some((step) => step > 0) ? 'opens' : steps.some((step) => step < 0) ? 'closes' : 'moves';
  const differs = (i: number) => sameness(before[i] as MailDecision) !== sameness(after[i] as MailDecision);
  const question = steps.findIndex((step, i) => (effect === 'moves' ? differs(i) : Math.sign(step) === signs[effect]));
  const [was, is] = [before[question] as MailDecision, after[question] as MailDecision];
  const decisive = is.by === 'other' ? was : is;
  const list = decisive.at?.file ?? is.at?.file ?? was.at?.file ?? 'host_list';
  return { effect, list, question, before: was, after: is };
}

/** Two policies, and the pairs of answers that they give. */
class Comparer {
  private readonly policies: readonly [MailPolicy, MailPolicy];

  constructor(
    readonly kind: SubjectKind,
    sides: Sides,
    project: (content: PolicyContent) => MailPolicy,
    readonly classes = new Classes(),
  ) {
    this.policies = [project(sides[0]), project(sides[1])];
  }

  classOf(ask: Asker): number {
    return this.classes.numberOf(ask(this.policies[0]), ask(this.policies[1]));
  }

  change(
    itsClass: number,
    ask: Asker,
    subject: string,
    more: Pick<Change, 'addresses'> & { readonly except?: readonly string[] },
  ): Change {
    const ofClass = this.classes.kindOf(itsClass);
    const { question } = ofClass;
    const [before, after] = this.policies;
    const decide = () => ({
      before: ask(before)[question] as MailDecision,
      after: ask(after)[question] as MailDecision,
    });
    return { kind: this.kind, subject, except: [], ...ofClass, ...more, decide };
  }
}

const signs = { opens: 1, closes: -1, moves: 0 } as const;

/** Equal for answers that no client can tell apart, and that no other list can make different. */
function sameness(decision: MailDecision): string {
  return isUndecided(decision) ? 'undecided' : `${decision.by} ${describeMail(decision)}`;
}

/** Refused because nothing permits it: by no entry, by an exclusion, or left to other plugins. */
export function isUndecided({ by, outcome }: MailDecision): boolean {
  return by === 'other' && (outcome === 'refuse' || outcome === 'defer' || outcome === 'pass');
}

/** Greater for what lets more mail in. */
function openness(decision: MailDecision): number {
  const { by, outcome } = decision;
  if (by === 'deny') return 0;
  if (isUndecided(decision)) return 2;
  if (by !== 'map') return 4;
  return outcome === 'relay' || outcome === 'local' ? 3 : 1;
}

/** The same number for the same meaning, on both sides. */
class Meanings {
  private readonly numbers = new Map<string, number>();

  of(count: number, textOf: (number: number) => string): (payload: number) => number {
    const table = Uint32Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 0 : this.numberOf(textOf(i))));
    return (payload) => table[payload] ?? 0;
  }

  private numberOf(text: string): number {
    const number = this.numbers.get(text) ?? this.numbers.size + 1;
    this.numbers.set(text, number);
    return number;
  }
}

/** What the payloads of `relay.to` mean. */
function routesOf(sides: Sides): NameTablePair['meanings'] {
  const routes = new Meanings();
  return both(sides, ({ lists: { relay_to } }) =>
    routes.of(relay_to.routes.ports.length, (number) => {
      const route = routeOf(relay_to.routes, number);
      return route ? formatRoute(route) : '';
    }),
  );
}

/** What the payloads of `relay.map` mean. */
function valuesOf(sides: Sides): NameTablePair['meanings'] {
  const values = new Meanings();
  return both(sides, ({ lists: { relay_map } }) =>
    values.of(relay_map.values.numbers.length / 4, (number) => JSON.stringify(mapValueOf(relay_map.values, number))),
  );
}

function both<T>(sides: Sides, of: (side: PolicyContent) => T): readonly [T, T] {
  return [of(sides[0]), of(sides[1])];
}

type TablesOf = (content: PolicyContent) => EntryTablesData;

function networkTables(sides: Sides, tablesOf: readonly TablesOf[], map: TablesOf): Record<4 | 6, WalkedTable[]> {
  const values = valuesOf(sides);
  const ofFamily = (family: 'networks4' | 'networks6') =>
    ([0, 1] as const).flatMap((side) => [
      ...tablesOf.map((of): WalkedTable => ({ data: of(sides[side])[family] })),
      { data: map(sides[side])[family], meaningOf: values[side] },
    ]);
  return { 4: ofFamily('networks4'), 6: ofFamily('networks6') };
}

const hosts: TablesOf = ({ lists }) => lists.hosts;
const localIp: TablesOf = ({ lists }) => lists.local_ip;
const localDomain: TablesOf = ({ lists }) => lists.local_domain;
const relayTo: TablesOf = ({ lists }) => lists.relay_to;
const mapConnect: TablesOf = ({ lists }) => lists.relay_map.connect;
const mapTo: TablesOf = ({ lists }) => lists.relay_map.to;

const anyRecipient = { localPart: 'anyone', domain: 'unlisted.invalid' };

/** What a client without a name is answered. */
function askAddress(clientAddress: IpAddress): Asker {
  return (policy) => [decideMail(policy, { clientAddress, clientNames: unaskedNames, recipient: anyRecipient })];
}

function* compareClientAddresses(sides: Sides): Generator<Change> {
  const comparer = new Comparer('client-addresses', sides, clientsByAddress);
  const tables = networkTables(sides, [hosts, localIp], mapConnect);
  const classOf = (address: IpAddress) => comparer.classOf(askAddress(address));
  for (const within of everyAddress) {
    const found = classifyNetworks(tables[within.address.family], within, { classOf, compared: true });
    for (const { network, itsClass } of found.inOrder()) {
      const addresses = addressCount(network);
      yield comparer.change(itsClass, askAddress(network.address), formatNetwork(network), { addresses });
    }
  }
}

/** What a client of this name is answered, and one that merely claims it. */
function askName(name: string): Asker {
  const names = (confirmed: readonly string[]): ClientNames => ({
    state: 'known',
    claimed: [name],
    confirmed,
    unresolved: [],
  });
  return (policy) =>
    [names([name]), names([])].map((clientNames) =>
      decideMail(policy, { clientAddress: ipv4(0), clientNames, recipient: anyRecipient }),
    );
}

function* compareClientNames(sides: Sides): Generator<Change> {
  const comparer = new Comparer('client-names', sides, clientsByName);
  const pairs = domainPairs(sides, [hosts, localDomain], mapConnect);
  const classifier = new NameClassifier(pairs, (name) => comparer.classOf(askName(name)));
  const { sets } = new NameSets(classifier.of(changedNames(pairs).affected()));
  for (const { itsClass, subject, except } of sets) {
    yield comparer.change(itsClass, askName(representativeOf(subject)), subject, { except });
  }
}

class NameClassifier {
  private readonly exacts: readonly NameTable[];

  constructor(
    pairs: readonly NameTablePair[],
    private readonly classOf: (name: string) => number,
    /** Further names that are decided each by itself. */
    private readonly exactNames: ReadonlySet<string> = new Set(),
  ) {
    this.exacts = pairs.filter(({ isExact }) => isExact).flatMap(({ tables }) => tables.map((t) => new NameTable(t)));
  }

  of(names: Iterable<string>): Map<string, NameClasses> {
    const classes = new Map<string, NameClasses>();
    for (const name of names) classes.set(name, this.at(name));
    return classes;
  }

  /** Only an exact name can be decided otherwise than the names below it. */
  private at(name: string): NameClasses {
    const own = this.classOf(name);
    const isExact = this.exactNames.has(name) || this.exacts.some((table) => table.findExact(name));
    return { own, below: isExact ? this.classOf(`${unlistedLabel}.${name}`) : own };
  }
}

function domainPairs(sides: Sides, lists: readonly TablesOf[], map: TablesOf): NameTablePair[] {
  const routes = routesOf(sides);
  const values = valuesOf(sides);
  return [...lists, map].flatMap((of) =>
    (['suffixes', 'exacts'] as const).map((table) => ({
      tables: both(sides, (side) => of(side)[table]),
      meanings: of === map ? values : routes,
      isExact: table === 'exacts',
    })),
  );
}

/** A name of the set that no exception takes out of it: one that no list holds, or the only one. */
function representativeOf(subject: string): string {
  return subject.startsWith('*') ? `${unlistedLabel}${subject.slice(1)}` : subject;
}

/** No local part of a list, and none that RFC 5321 knows: it is decided by its domain. */
const anyLocalPart = ' ';

function askRecipient(localPart: string, domain: string): Asker {
  const recipient = { localPart, domain };
  return (policy) =>
    [ipv4(0), trustedClient].map((clientAddress) =>
      decideMail(policy, { clientAddress, clientNames: unaskedNames, recipient }),
    );
}

function* compareRecipients(sides: Sides): Generator<Change> {
  const comparer = new Comparer('recipients', sides, recipientsOf);
  const atLiterals = new Comparer('recipient-literals', sides, recipientsAtLiterals, comparer.classes);
  const recipients = new RecipientSets(sides, comparer, atLiterals);
  for (const { itsClass, localPart, subject, except } of recipients.sets()) {
    const ask = askRecipient(localPart ?? anyLocalPart, representativeOf(subject));
    yield comparer.change(itsClass, ask, localPart === undefined ? subject : `${localPart}@${subject}`, { except });
  }
  for (const { itsClass, localPart, network, except } of recipients.literalSets()) {
    const ask = askRecipient(localPart ?? anyLocalPart, formatLiteral(network.address));
    const text = formatNetwork(network);
    yield atLiterals.change(itsClass, ask, localPart === undefined ? text : `${localPart}@[${text}]`, { except });
  }
}

interface Mailbox {
  readonly key: string;
  readonly localPart: string;
  /** Empty for a user at any domain. */
  readonly domain: string;
}

interface RecipientSet {
  readonly itsClass: number;
  /** Absent for all that are not excepted. */
  readonly localPart?: string;
  readonly except: readonly string[];
}

/** A user at any domain, where it is not decided as others are. */
interface User {
  readonly names: NameSets;
  /** The class at a domain that is in no list. */
  readonly elsewhere: number;
  /** The literals at which the user is decided otherwise than there. */
  readonly literals: readonly ClassifiedNetwork[];
}

/**
 * Recipients by domain, then users at any domain, which are decided at each of them, then mailboxes: each where it is not
 * decided as the wider one around it.
 */
class RecipientSets {
  private readonly pairs: readonly NameTablePair[];
  private readonly localNames: readonly string[];
  private readonly changes: ChangedNames;
  private readonly mailboxChanges: ChangedNames;
  private readonly ofDomains: NameSets;
  private readonly literals: readonly ClassifiedNetwork[];
  private readonly ofUsers = new Map<string, User>();
  private readonly ofMailboxes: (Mailbox & { readonly itsClass: number })[] = [];
  /** Mailboxes at an address literal that are not decided as others at it. */
  private readonly exceptions: (Mailbox & { readonly network: Network; readonly around: number })[] = [];

  constructor(
    private readonly sides: Sides,
    private readonly comparer: Comparer,
    private readonly atLiterals: Comparer,
  ) {
    const [before, after] = both(sides, ({ lists }) => new Set(lists.host_list.lines));
    this.localNames = [...new Set([...before, ...after])];
    this.pairs = domainPairs(sides, [relayTo], mapTo);
    this.changes = changedNames(
      this.pairs,
      this.localNames.filter((name) => before.has(name) !== after.has(name)),
      this.localNames,
    );
    this.mailboxChanges = changedNames([
      { tables: both(sides, (side) => relayTo(side).mailboxes), meanings: routesOf(sides), isExact: true },
      { tables: both(sides, (side) => mapTo(side).mailboxes), meanings: valuesOf(sides), isExact: true },
    ]);
    const affected = [...this.changes.affected()];
    this.ofDomains = this.setsOf(anyLocalPart, affected);
    this.literals = this.literalsOf(anyLocalPart);
    const mailboxes = [...this.mailboxChanges.all()].map(mailboxOf);
    for (const mailbox of mailboxes) if (mailbox.domain === '') this.addUser(mailbox, affected);
    for (const mailbox of mailboxes) if (mailbox.domain !== '') this.addMailbox(mailbox);
  }

  *sets(): Generator<RecipientSet & { readonly subject: string }> {
    const users = [...this.ofUsers.keys()].map((localPart) => `${localPart}@*`);
    for (const { itsClass, subject, except } of this.ofDomains.sets)
      yield { itsClass, subject, except: [...except, ...users] };
    for (const [localPart, { names, elsewhere, literals }] of this.ofUsers) {
      for (const { itsClass, subject, except } of names.sets) {
        const named = except.map((name) => (name.includes('@') ? name : `${localPart}@${name}`));
        const atLiterals = [
          ...literals.map(({ network }) => `${localPart}@[${formatNetwork(network)}]`),
          ...this.exceptions.filter((one) => one.localPart === localPart && one.around === elsewhere).map(textOf),
        ];
        yield { itsClass, localPart, subject, except: subject === '*' ? [...named, ...atLiterals] : named };
      }
    }
    for (const { itsClass, localPart, domain } of this.ofMailboxes)
      yield { itsClass, localPart, subject: domain, except: [] };
  }

  *literalSets(): Generator<RecipientSet & { readonly network: Network }> {
    const users = [...this.ofUsers.keys()].map((localPart) => `${localPart}@*`);
    const within = (network: Network, isOfSet: (mailbox: Mailbox) => boolean) =>
      this.exceptions.filter((one) => isOfSet(one) && containsNetwork(network, one.network)).map(textOf);
    for (const { itsClass, network } of this.literals) {
      yield {
        itsClass,
        network,
        except: [...within(network, ({ localPart }) => !this.ofUsers.has(localPart)), ...users],
      };
    }
    for (const [localPart, { literals }] of this.ofUsers) {
      for (const { network, itsClass } of literals) {
        if (itsClass === unchanged) continue;
        yield { itsClass, localPart, network, except: within(network, (mailbox) => mailbox.localPart === localPart) };
      }
    }
  }

  private setsOf(localPart: string, names: readonly string[], elsewhere = 0): NameSets {
    const classOf = (name: string) => this.comparer.classOf(askRecipient(localPart, name));
    // A mailbox of the user is exact as well.
    const isMailbox = (name: string) => this.mailboxChanges.holds(mailboxKey(localPart, name));
    const exact = new Set([...this.localNames, ...(localPart === anyLocalPart ? [] : names.filter(isMailbox))]);
    return new NameSets(new NameClassifier(this.pairs, classOf, exact).of(names), elsewhere);
  }

  /** The literals of another class than `elsewhere`. */
  private literalsOf(localPart: string, elsewhere = 0): ClassifiedNetwork[] {
    const tables = networkTables(this.sides, [relayTo], mapTo);
    const classOf = (address: IpAddress) => {
      const itsClass = this.atLiterals.classOf(askRecipient(localPart, formatLiteral(address)));
      return itsClass === elsewhere ? 0 : itsClass === 0 ? unchanged : itsClass;
    };
    return everyAddress.flatMap((within) => {
      const classifier = { classOf, compared: elsewhere === 0 };
      return [...classifyNetworks(tables[within.address.family], within, classifier).inOrder()];
    });
  }

  private addUser({ key, localPart }: Mailbox, affected: readonly string[]): void {
    const elsewhere = this.comparer.classOf(askRecipient(localPart, unlistedLabel));
    const all = this.mailboxChanges.isChanged(key)
      ? [...new Set([...namesIn(this.pairs), ...this.localNames])]
      : affected;
    const names = this.setsOf(localPart, all, elsewhere);
    const literals = this.literalsOf(localPart, elsewhere);
    const agree = (name: string) => names.of(name).itsClass === this.ofDomains.of(name).itsClass;
    const isAsOthers =
      elsewhere === 0 &&
      JSON.stringify(literals) === JSON.stringify(this.literals) &&
      all.every((name) => {
        // A mailbox of that name is compared by itself.
        const isMailbox = this.mailboxChanges.holds(mailboxKey(localPart, name));
        return agree(`${unlistedLabel}.${name}`) && (isMailbox || agree(name));
      });
    if (!isAsOthers) this.ofUsers.set(localPart, { names, elsewhere, literals });
  }

  private addMailbox(mailbox: Mailbox): void {
    const { key, localPart, domain } = mailbox;
    const ofUser = this.ofUsers.get(localPart);
    const address = parseAddressLiteral(domain);
    if (!address && !ofUser && !this.mailboxChanges.isChanged(key) && !this.changes.isAffected(domain)) return;
    const ask = askRecipient(localPart, domain);
    const itsClass = this.comparer.classOf(ask);
    if (address) {
      const around = this.atLiterals.classOf(ask);
      if (itsClass === around) return;
      const network = { address, length: widthOf(address.family) };
      this.exceptions.push({ ...mailbox, network, around });
    } else {
      const around = (ofUser?.names ?? this.ofDomains).of(domain);
      if (itsClass === around.itsClass) return;
      around.set?.except.push(textOf(mailbox));
    }
    if (itsClass !== 0) this.ofMailboxes.push({ ...mailbox, itsClass });
  }
}

/** A class of its own for what does not change inside of what does. */
const unchanged = 0xffffffff;

function textOf({ localPart, domain }: Mailbox): string {
  return `${localPart}@${domain}`;
}

function mailboxOf(key: string): Mailbox {
  const text = Buffer.from(key, 'latin1').toString('utf8');
  const at = text.lastIndexOf('@');
  return { key, localPart: text.slice(0, at), domain: text.slice(at + 1) };
}
