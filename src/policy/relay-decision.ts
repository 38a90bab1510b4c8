/**
 * The relay decision: may this client send to this recipient through us? Read `decideRelay` and you know the policy: its
 * lines are the rows of the table in docs/reference/plugins/relay.md.
 *
 * Trust is earned by address, by confirmed name, by the destination, or by another plugin's word (AUTH). HELO is a claim
 * and appears in no request. MAIL FROM is one too: it gives no trust, and only narrows what an entry with `from=` gives.
 */
import { isForged } from './client-names';
import { canLookUpNames, decideTrust, findDenial, nameMightBeTrusted, namesAreUnknown } from './client-trust';
import { type Defer, defer, type Pass, type Permit, pass, permit, type Refuse, type Reply, refuse } from './decision';
import type { Recipient } from './entries/entry-tables';
import { admits, type ListEntry } from './entries/list';
import type { MapEntry, RelayMap } from './entries/relay-map';
import type { Route } from './entries/route';
import { decideBackup } from './mx-backup';
import {
  addressText,
  cannotFindExchanges,
  cannotResolve,
  isBarePostmaster,
  type RelayDecision,
  type RelayPermit,
  type RelayPolicy,
  type RelayRequest,
  type RelayRule,
  relayingDenied,
  relayingUnavailable,
} from './relay-policy';

/** The client's names must have been looked up where `needsClientName` says so, and MX records where `needsExchanges` does. */
export function decideRelay(policy: RelayPolicy, request: RelayRequest): RelayDecision {
  return (
    decideByLists(policy, request) ??
    backupDestination(policy, request) ??
    nameUnknown(policy, request) ??
    exchangesUnknown(request) ??
    restrictionOff(policy) ??
    excluded(policy, request) ??
    refuse('relay-denied', withReason(policy, request))
  );
}

function decideByLists(policy: RelayPolicy, request: RelayRequest): RelayDecision | undefined {
  return (
    decideWithoutMap(policy, request) ??
    mapPermit(policy, request) ??
    listUnavailable(policy) ??
    mapOther(policy, request)
  );
}

function decideWithoutMap(policy: RelayPolicy, request: RelayRequest): RelayPermit | Pass<RelayRule> | undefined {
  return (
    vouched(request) ??
    barePostmaster(request) ??
    ownAddress(request) ??
    relayPermit(decideTrust(policy, request)) ??
    listedDestination(policy, request)
  );
}

/** Whether the names of the client must be looked up before `decideRelay` is asked: they could change what it says. */
export function needsClientName(policy: RelayPolicy, request: RelayRequest): boolean {
  if (!nameCouldMatter(policy, request) || !canLookUpNames(request)) return false;
  if (decideWithoutMap(policy, request)) return false;
  // A permit by the recipient stands, unless the map may yet refuse the client by name.
  return policy.map.usesClientNames(request.time) || !mapPermit(policy, request);
}

/** Whether the MX records of the recipient's domain must be looked up before `decideRelay` is asked: nothing else decides. */
export function needsExchanges(policy: RelayPolicy, request: RelayRequest): boolean {
  const { destinations } = policy;
  const { recipient, time, exchanges } = request;
  if (!destinations.hasExchanges || exchanges !== undefined || !recipient.domain.includes('.')) return false;
  // A literal has no records, and what an exclusion names is not to be relayed to.
  if (recipient.domain.startsWith('[') || destinations.findRecipient(recipient, time)) return false;
  return decideByLists(policy, request) === undefined;
}

function vouched(request: RelayRequest): Pass<'vouched'> | undefined {
  return request.vouched ? vouchedFor : undefined;
}

const vouchedFor = pass('vouched');

/** RFC 5321 §4.5.1: mail to <postmaster> without a domain is ours to take. */
function barePostmaster({ recipient }: RelayRequest): RelayPermit | undefined {
  return isBarePostmaster(recipient) ? { ...permit('postmaster'), disposition: 'local' } : undefined;
}

/** RFC 5321 §4.1.3, RFC 1123 §5.2.17: mail to an address literal of ours is for us. */
function ownAddress({ recipientIsHere }: RelayRequest): RelayPermit | undefined {
  return recipientIsHere ? { ...permit('own-address'), disposition: 'local' } : undefined;
}

/** This recipient is permitted, and no other. */
function listedDestination({ destinations }: RelayPolicy, request: RelayRequest): RelayPermit | undefined {
  const destination = destinations.findRecipient(request.recipient, request.time);
  if (!admits(destination)) return undefined;
  return withVerify(relayPermit(permit('destination', destination.source)), destination);
}

/** Likewise, where the domain's own MX records make us its backup, for hosts in listed networks. */
function backupDestination({ destinations }: RelayPolicy, request: RelayRequest): RelayPermit | undefined {
  const { exchanges, recipient, time } = request;
  // An exclusion by name holds whatever the records say.
  if (!exchanges || destinations.findRecipient(recipient, time)) return undefined;
  const found = decideBackup(destinations, exchanges, time);
  return found && withVerify(relayPermit(found.permit), found.entry);
}

function mapPermit({ map }: RelayPolicy, request: RelayRequest): RelayPermit | undefined {
  const mapped = decideByMap(map, request);
  return mapped?.outcome === 'permit' && mapped.disposition === 'relay' ? mapped : undefined;
}

/** Lists only add permits: what an available one permits stands, and whatever else may be missing one. */
function listUnavailable({
  clientNetworks,
  clientDomains,
  destinations,
  map,
}: RelayPolicy): Defer<RelayRule> | undefined {
  const isComplete = clientNetworks.available && clientDomains.available && destinations.available && map.available;
  return isComplete ? undefined : defer('list-unavailable', relayingUnavailable);
}

/** Refusals, deferrals and DISCARD of the map. */
function mapOther({ map }: RelayPolicy, request: RelayRequest): MapDecision | undefined {
  return decideByMap(map, request);
}

/** Whether anyone may send to the recipient: by its own entry of `relay.to`, or by `relay.map`. */
export function isOpenToAll(policy: RelayPolicy, request: RelayRequest): boolean {
  return listedDestination(policy, request) !== undefined || mapPermit(policy, request) !== undefined;
}

/** A look-up that failed could have ended in a permit. */
function nameUnknown(policy: RelayPolicy, request: RelayRequest): Defer<RelayRule> | undefined {
  return nameMightHaveEarned(policy, request) ? defer('name-unknown', cannotResolve(request)) : undefined;
}

/** The same of MX records. */
function exchangesUnknown(request: RelayRequest): Defer<RelayRule> | undefined {
  return request.exchanges?.state === 'unknown' ? defer('mx-unknown', cannotFindExchanges(request)) : undefined;
}

function restrictionOff({ restriction }: RelayPolicy): Pass<RelayRule> | undefined {
  return restriction ? undefined : pass('restriction-off');
}

/** Where an entry made the refusal it names the first, in the order in which the lists are asked. */
function excluded(policy: RelayPolicy, request: RelayRequest): Refuse<RelayRule> | undefined {
  const client = findDenial(policy, request);
  if (client?.excluded) return refuse('client-excluded', relayingDenied, client.source);
  if (client) return refuse('sender-not-covered', relayingDenied, client.source);
  const destination = policy.destinations.findRecipient(request.recipient, request.time);
  return destination?.excluded ? refuse('destination-excluded', relayingDenied, destination.source) : undefined;
}

/** sendmail's words, with its reason where a name was asked for. */
function withReason(policy: RelayPolicy, request: RelayRequest): Reply {
  if (!nameCouldMatter(policy, request)) return relayingDenied;
  let reason = '';
  if (request.clientNames.state === 'none') reason = `. IP name lookup failed [${addressText(request)}]`;
  else if (isForged(request.clientNames)) reason = `. IP name possibly forged [${addressText(request)}]`;
  return { ...relayingDenied, text: `${relayingDenied.text}${reason}` };
}

function relayPermit(permit: Permit<RelayRule>): RelayPermit;
function relayPermit(permit: Permit<RelayRule> | undefined): RelayPermit | undefined;
function relayPermit(permit: Permit<RelayRule> | undefined): RelayPermit | undefined {
  return permit && { ...permit, disposition: 'relay' };
}

function withVerify(permit: RelayPermit, { verify }: ListEntry): RelayPermit {
  return verify ? { ...permit, verify } : permit;
}

type MapDecision = Exclude<RelayDecision, Pass>;

/** A refusal anywhere in the map wins over RELAY anywhere in it. */
function decideByMap(map: RelayMap, request: RelayRequest): MapDecision | undefined {
  const found = mapEntries(map, request);
  for (const { value, source } of found) {
    if (value.action !== 'reply') continue;
    const { reply: answer } = value;
    return answer.code < 500 ? defer('relay-map', answer, source) : refuse('relay-map', answer, source);
  }
  const discard = found.find(({ value }) => value.action === 'discard');
  if (discard) return { ...permit('relay-map', discard.source), disposition: 'discard' };
  const relay = found.find(({ value }) => value.action === 'relay');
  return relay && relayPermit(permit('relay-map', relay.source));
}

/** What the map says of the recipient, the client's address and its names. An unconfirmed name may refuse, never permit. */
function mapEntries(map: RelayMap, request: RelayRequest): MapEntry[] {
  const { clientAddress, clientNames, recipient, time } = request;
  if (!map.holdsEntries(time)) return [];
  const names = map.usesClientNames(time) ? clientNames.claimed : [];
  return [
    map.findRecipient(recipient, time),
    clientAddress && map.findClientAddress(clientAddress, time),
    ...names.map((name) => {
      const entry = map.findClientName(name, time);
      return entry?.value.action === 'relay' && !clientNames.confirmed.includes(name) ? undefined : entry;
    }),
  ].filter((entry) => entry !== undefined);
}

function nameCouldMatter({ clientDomains, map }: RelayPolicy, { time }: RelayRequest): boolean {
  return clientDomains.holdsNames(time) || map.usesClientNames(time);
}

function nameMightHaveEarned(policy: RelayPolicy, request: RelayRequest): boolean {
  if (nameMightBeTrusted(policy, request)) return true;
  const { map } = policy;
  if (namesAreUnknown(request)) return map.relaysByName(request.time);
  return request.clientNames.unresolved.some(
    (name) => map.findClientName(name, request.time)?.value.action === 'relay',
  );
}

/** The `relay.to` entry for mail to a domain: whoever is listed is relayed to, with the entry's route if it has one. */
export function findDestination(
  policy: Pick<RelayPolicy, 'destinations'>,
  domain: string,
  time: number,
): ListEntry | undefined {
  const entry = policy.destinations.findRecipient({ localPart: '', domain }, time);
  return admits(entry) ? entry : undefined;
}

/** The next hop of a recipient: that of its mailbox, else that of its domain. */
export function findRoute(
  policy: Pick<RelayPolicy, 'destinations'>,
  recipient: Recipient,
  time: number,
): Route | undefined {
  const own = policy.destinations.findRecipient(recipient, time);
  return (admits(own) ? own.route : undefined) ?? findDestination(policy, recipient.domain, time)?.route;
}
