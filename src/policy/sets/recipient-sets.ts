/** Recipients whose verdict differs, as disjoint sets: of domains, of users at any domain, and of mailboxes. */
import { unaskedNames } from '../client-names';
import { containsNetwork, type Network } from '../entries/containment';
import { formatLiteral } from '../entries/entry';
import { formatNetwork, type IpAddress, ipv4, parseAddressLiteral, widthOf } from '../entries/ip-address';
import { mailboxKey, mailboxOfKey } from '../mailbox';
import { beforeAllEnds as time } from '../tables/ends';
import type { Asker, Comparer, Sides } from './change';
import { type ClassifiedNetwork, classifyNetworks, everyAddress } from './classified-networks';
import { both, domainPairs, extrasOf, mapTo, networkTables, relayTo, valuesOf } from './compared-tables';
import { decideMail } from './mail-decision';
import { type ChangedNames, changedNames, type NameTablePair, namesIn } from './name-changes';
import { anyLocalPart, classifyNames, NameSets, unlistedLabel } from './name-sets';
import { trustedClient } from './policy-lists';

export function askRecipient(localPart: string, domain: string): Asker {
  const recipient = { localPart, domain };
  return (policy) =>
    [ipv4(0), trustedClient].map((clientAddress) =>
      decideMail(policy, { clientAddress, clientNames: unaskedNames, recipient, time }),
    );
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
export class RecipientSets {
  private readonly pairs: readonly NameTablePair[];
  private readonly localNames: ReadonlySet<string>;
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
    this.localNames = new Set([...before, ...after]);
    this.pairs = domainPairs(sides, [relayTo], mapTo);
    this.changes = changedNames(
      this.pairs,
      [...this.localNames].filter((name) => before.has(name) !== after.has(name)),
      [...this.localNames],
    );
    this.mailboxChanges = changedNames([
      { tables: both(sides, (side) => relayTo(side).mailboxes), meanings: extrasOf(sides, relayTo), isExact: true },
      { tables: both(sides, (side) => mapTo(side).mailboxes), meanings: valuesOf(sides), isExact: true },
    ]);
    const affected = [...this.changes.affected()];
    this.ofDomains = this.setsOf(anyLocalPart, affected);
    this.literals = this.literalsOf(anyLocalPart);
    const mailboxes = [...this.mailboxChanges.all()].map((key): Mailbox => ({ key, ...mailboxOfKey(key) }));
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
    const isMailbox = (name: string) =>
      localPart !== anyLocalPart && this.mailboxChanges.holds(mailboxKey(localPart, name));
    const isExact = (name: string) => this.localNames.has(name) || this.changes.holdsExact(name) || isMailbox(name);
    return new NameSets(classifyNames(names, classOf, isExact), elsewhere);
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
      return [...classifyNetworks(tables[within.address.family], within, classifier)];
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
