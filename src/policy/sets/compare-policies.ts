/**
 * Whose verdict differs between two policies, exactly and as disjoint sets: clients by address, clients by name, and
 * recipients. A verdict is what the server's own decisions answer; two that answer the same are equal, whichever line says it.
 */
import { coveredSender, type Sender } from '../attributes/sender-scope';
import { type ClientNames, unaskedNames } from '../client-names';
import { formatLiteral } from '../entries/entry';
import { formatNetwork, type IpAddress, ipv4 } from '../entries/ip-address';
import { beforeAllEnds as time } from '../tables/ends';
import { type Asker, type Change, Comparer, type Sides } from './change';
import { addressCount, classifyNetworks, everyAddress } from './classified-networks';
import { domainPairs, exchangeTables, hosts, localDomain, localIp, mapConnect, networkTables } from './compared-tables';
import { decideMail, type MailRequest } from './mail-decision';
import { changedNames } from './name-changes';
import { anyLocalPart, classifyNames, NameSets, representativeOf } from './name-sets';
import {
  asAvailable,
  clientsByAddress,
  clientsByName,
  type PolicyContent,
  recipientsAtLiterals,
  recipientsOf,
} from './policy-lists';
import { askRecipient, RecipientSets } from './recipient-sets';

/**
 * What says the same of every subject is compared elsewhere: settings, which here are those of `after` on both sides, and lists
 * that are unavailable, which here are empty.
 */
export function* comparePolicies(before: PolicyContent, after: PolicyContent): Generator<Change> {
  const { restriction, localDelivery, acceptsLocal } = after;
  const lists = { ...before.lists, host_list_regex: after.lists.host_list_regex };
  const sides = ([{ lists, restriction, localDelivery, acceptsLocal }, after] as const).map(asAvailable) as [
    PolicyContent,
    PolicyContent,
  ];
  yield* compareClientAddresses(sides);
  yield* compareClientNames(sides);
  yield* compareRecipients(sides);
  yield* compareExchanges(sides);
}

const anyRecipient = { localPart: 'anyone', domain: 'unlisted.invalid' };

/** Of senders it only matters whether the scope of the entry covers them: the scopes themselves are compared. */
const senders: readonly (Sender | undefined)[] = [coveredSender, undefined];

/** What a client without a name is answered. */
function askAddress(clientAddress: IpAddress): Asker {
  return (policy) =>
    senders.map((sender) =>
      decideMail(policy, { clientAddress, clientNames: unaskedNames, recipient: anyRecipient, time, sender }),
    );
}

function* compareClientAddresses(sides: Sides): Generator<Change> {
  const comparer = new Comparer('client-addresses', sides, clientsByAddress);
  const tables = networkTables(sides, [hosts, localIp], mapConnect);
  const classOf = (address: IpAddress) => comparer.classOf(askAddress(address));
  for (const within of everyAddress) {
    const found = classifyNetworks(tables[within.address.family], within, { classOf, compared: true });
    for (const { network, itsClass } of found) {
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
  type Question = Pick<MailRequest, 'sender' | 'clientNames'>;
  const confirmed = senders.map((sender): Question => ({ sender, clientNames: names([name]) }));
  return (policy) =>
    [...confirmed, { clientNames: names([]) }].map((asked) =>
      decideMail(policy, { clientAddress: ipv4(0), recipient: anyRecipient, time, ...asked }),
    );
}

function* compareClientNames(sides: Sides): Generator<Change> {
  const comparer = new Comparer('client-names', sides, clientsByName);
  const pairs = domainPairs(sides, [hosts, localDomain], mapConnect);
  const changes = changedNames(pairs);
  const classOf = (name: string) => comparer.classOf(askName(name));
  const { sets } = new NameSets(classifyNames(changes.affected(), classOf, changes.holdsExact));
  for (const { itsClass, subject, except } of sets) {
    yield comparer.change(itsClass, askName(representativeOf(subject)), subject, { except });
  }
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

/** What a stranger is answered for a domain that has us behind an MX host of this address. */
function askExchange(address: IpAddress): Asker {
  const hosts = [
    { exchange: 'better', priority: 1, isOurs: false, addresses: [address] },
    { exchange: 'ours', priority: 2, isOurs: true, addresses: [] },
  ];
  const asked = { clientAddress: ipv4(0), clientNames: unaskedNames, recipient: anyRecipient, time };
  return (policy) => [decideMail(policy, { ...asked, exchanges: { state: 'found', hosts } })];
}

function* compareExchanges(sides: Sides): Generator<Change> {
  const comparer = new Comparer('mx-hosts', sides, recipientsOf);
  const tables = exchangeTables(sides);
  for (const within of everyAddress) {
    const classOf = (address: IpAddress) => comparer.classOf(askExchange(address));
    const found = classifyNetworks(tables[within.address.family], within, { classOf, compared: true });
    for (const { network, itsClass } of found)
      yield comparer.change(itsClass, askExchange(network.address), formatNetwork(network), {});
  }
}
