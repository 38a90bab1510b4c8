/**
 * The relay decision: may this client send to this recipient through us? Read `decideRelay` and you know the policy.
 *
 * Trust is earned by address, by confirmed name, by the destination, or by another plugin's word (AUTH). HELO and MAIL
 * FROM are claims and appear in no request.
 */
import { isAscii } from './characters';
import { type ClientNames, isForged } from './client-names';
import {
  type AskName,
  askName,
  type Decision,
  defer,
  type Pass,
  type Permit,
  pass,
  permit,
  type Reply,
  refuse,
  reply,
} from './decision';
import { formatAddress, type IpAddress, parseAddressLiteral } from './ip-address';
import { admits, type ListEntry, type PolicyList, type Recipient } from './list';
import type { LocalDomains } from './local-domains';
import { carriesRoute } from './mailbox';
import type { MapEntry, RelayMap } from './relay-map';

export interface RelayPolicy {
  /** `false`: whatever no list permits is left to the other plugins. */
  readonly restriction: boolean;
  /** `localip`: clients that may relay to anyone. */
  readonly clientNetworks: PolicyList;
  /** `localdomain`: likewise, by confirmed name. */
  readonly clientDomains: PolicyList;
  /** `relay.to`: destinations that anyone may send to. */
  readonly destinations: PolicyList;
  readonly map: RelayMap;
  /** Domains that this server delivers itself, whoever sends to them. */
  readonly localDomains: LocalDomains;
  /** `false`: whatever a client may relay is sent on, our own domains included. */
  readonly localDelivery: boolean;
}

export interface RelayRequest {
  /** `undefined` when the host has no address for the client; such a client is trusted for nothing. */
  readonly clientAddress: IpAddress | undefined;
  readonly clientNames: ClientNames;
  readonly recipient: Recipient;
  /** The recipient's domain is an address literal of this host. */
  readonly recipientIsHere: boolean;
  /** Another plugin has granted relaying (`connection.relaying`, not by us). */
  readonly vouched: boolean;
}

export type RelayRule =
  | 'vouched'
  | 'client-network'
  | 'client-domain'
  | 'destination'
  | 'relay-map'
  | 'postmaster'
  | 'own-address'
  | 'list-unavailable'
  | 'name-unknown'
  | 'relay-denied'
  | 'restriction-off';

/** Where an accepted recipient goes: to Haraka's outbound queue, to the queue plugins, or nowhere. */
export type Disposition = 'relay' | 'local' | 'discard';

export type RelayPermit = Permit<RelayRule> & { readonly disposition: Disposition };

export type RelayDecision = RelayPermit | Exclude<Decision<RelayRule>, Permit>;

export function decideRelay(policy: RelayPolicy, request: RelayRequest): RelayDecision | AskName {
  if (request.vouched) return pass('vouched');

  // RFC 5321 §4.5.1: mail to <postmaster> without a domain is ours to take.
  if (isBarePostmaster(request.recipient)) return { ...permit('postmaster'), disposition: 'local' };
  // RFC 5321 §4.1.3, RFC 1123 §5.2.17: mail to an address literal of ours is for us.
  if (request.recipientIsHere) return { ...permit('own-address'), disposition: 'local' };

  const client = decideTrust(policy, request);
  if (client) return onward(client);

  const destination = policy.destinations.findRecipient(request.recipient);
  if (admits(destination)) return onward(permit('destination', destination.source));

  const mapped = decideByMap(policy.map, request);
  if (canAskName(request) && nameCouldChange(policy, mapped)) return askName;
  // Lists only add permits: what an available one permits stands, and whatever else may be missing one.
  if (someListUnavailable(policy) && !isOnward(mapped)) return defer('list-unavailable', unavailable);
  if (mapped) return mapped;

  if (!policy.restriction) return pass('restriction-off');
  if (nameMightHaveEarned(policy, request.clientNames)) return defer('name-unknown', cannotResolve(request));
  return refuse('relay-denied', relayingDenied(policy, request));
}

/** Whether the client itself is trusted to relay to anyone: by its address, or by a confirmed name. */
export function decideTrust(
  policy: Pick<RelayPolicy, 'clientNetworks' | 'clientDomains'>,
  request: Pick<RelayRequest, 'clientAddress' | 'clientNames'>,
): Permit<'client-network' | 'client-domain'> | undefined {
  const network = request.clientAddress && policy.clientNetworks.findAddress(request.clientAddress);
  if (admits(network)) return permit('client-network', network.source);

  for (const name of request.clientNames.confirmed) {
    const host = policy.clientDomains.findDomain(name);
    if (admits(host)) return permit('client-domain', host.source);
  }
  return undefined;
}

/** Whether the lists that trust a client can be told just now: where they cannot, no trust found means nothing. */
export function canTellTrust(policy: Pick<RelayPolicy, 'clientNetworks' | 'clientDomains'>): boolean {
  return policy.clientNetworks.available && policy.clientDomains.available;
}

export type FormRule = 'routed-local-part' | 'impossible-domain' | 'list-unavailable' | 'plain-recipient';

/**
 * Recipients that are refused for their form, whatever the lists say: from anyone a domain that cannot be one, and from
 * an untrusted client a local part that carries a route, whatever the domain behind it. `unknown`: the lists that could
 * trust the client cannot be told just now.
 */
export function decideRecipientForm(
  recipient: Recipient & { readonly writtenDomain?: string },
  trusted: boolean | 'unknown',
): Exclude<Decision<FormRule>, Permit> {
  if (isImpossibleDomain(recipient.domain) || isDisguised(recipient.writtenDomain ?? '', recipient.domain)) {
    return refuse('impossible-domain', reply(550, '5.1.2', 'Bad destination system address'));
  }
  if (trusted !== true && carriesRoute(recipient.localPart)) {
    if (trusted === 'unknown') return defer('list-unavailable', unavailable);
    return refuse('routed-local-part', reply(550, '5.7.1', 'Relaying denied'));
  }
  return plainRecipient;
}

const plainRecipient = pass('plain-recipient');

/**
 * No DNS name has a label over 63 octets (RFC 1035 §2.3.4). And `constructor` and its like, which every JavaScript
 * object has as a property, pass for listed domains and end the process where a host keeps domains in plain objects.
 */
function isImpossibleDomain(domain: string): boolean {
  if (!domain.includes('.') && domain in Object.prototype) return true;
  // An IPv4-mapped address is a form for programs and no address on the wire (RFC 4291 §2.5.5.2).
  if (domain.startsWith('[')) return /^\[ipv6:/i.test(domain) && parseAddressLiteral(domain)?.family === 4;
  return domain.length > 63 && /[^.]{64}/.test(domain);
}

/**
 * Haraka maps a domain beyond ASCII before anybody sees it: full-width letters and the ideographic full stop become
 * plain ones, and another name becomes ours. A label beyond ASCII is an A-label afterwards, or it was a disguise.
 */
function isDisguised(written: string, domain: string): boolean {
  if (isAscii(written)) return false;
  const labels = domain.split('.');
  return written.split('.').some((label, i) => !isAscii(label) && !labels[i]?.startsWith('xn--'));
}

/** What is known of a recipient that has been accepted. */
export interface AcceptedRecipient {
  readonly recipient: Recipient;
  /** The recipient's domain is an address literal of this host. */
  readonly recipientIsHere: boolean;
  /** The client may relay to anyone: by our lists, by AUTH or by another plugin's word. */
  readonly relaying: boolean;
  /** What `decideRelay` gave; absent where another plugin has accepted the recipient. */
  readonly permit: RelayPermit | undefined;
  /** The plugin that accepted the recipient has vouched for this mailbox, and not only for the client. */
  readonly knownMailbox: boolean;
}

/**
 * Where an accepted recipient goes, each on its own: our domains are delivered here whoever sends to them. A plugin that
 * accepts a recipient from a client without the right to relay says by this that the recipient is ours.
 */
export function decideDisposition(policy: RelayPolicy, accepted: AcceptedRecipient): Disposition {
  const { permit, relaying, recipient } = accepted;
  if (permit && permit.disposition !== 'relay') return permit.disposition;
  if (!permit && !relaying) return 'local';
  // No other host could take these.
  if (isBarePostmaster(recipient) || accepted.recipientIsHere) return 'local';
  if (!policy.localDelivery) return 'relay';
  return accepted.knownMailbox || policy.localDomains.has(recipient.domain) ? 'local' : 'relay';
}

function onward({ outcome, rule, at }: Permit<RelayRule>): RelayPermit {
  return at ? { outcome, rule, at, disposition: 'relay' } : { outcome, rule, disposition: 'relay' };
}

function isBarePostmaster(recipient: Recipient): boolean {
  return recipient.domain === '' && recipient.localPart.toLowerCase() === 'postmaster';
}

/** A refusal anywhere in the map wins over RELAY anywhere in it. */
function decideByMap(map: RelayMap, request: RelayRequest): Exclude<RelayDecision, Pass> | undefined {
  const found = mapEntries(map, request);
  for (const { value, source } of found) {
    if (value.action !== 'reply') continue;
    const { reply: answer } = value;
    return answer.code < 500 ? defer('relay-map', answer, source) : refuse('relay-map', answer, source);
  }
  const discard = found.find(({ value }) => value.action === 'discard');
  if (discard) return { ...permit('relay-map', discard.source), disposition: 'discard' };
  const relay = found.find(({ value }) => value.action === 'relay');
  return relay && onward(permit('relay-map', relay.source));
}

/** What the map says of the recipient, the client's address and its names. An unconfirmed name may refuse, never permit. */
function mapEntries(map: RelayMap, request: RelayRequest): MapEntry[] {
  if (map.size === 0) return [];
  const { clientAddress, clientNames, recipient } = request;
  const names = map.usesClientNames ? clientNames.claimed : [];
  return [
    map.findRecipient(recipient),
    clientAddress && map.findClientAddress(clientAddress),
    ...names.map((name) => {
      const entry = map.findClientName(name);
      return entry?.value.action === 'relay' && !clientNames.confirmed.includes(name) ? undefined : entry;
    }),
  ].filter((entry) => entry !== undefined);
}

function someListUnavailable({ clientNetworks, clientDomains, destinations, map }: RelayPolicy): boolean {
  return !(clientNetworks.available && clientDomains.available && destinations.available && map.available);
}

function isOnward(decision: RelayDecision | undefined): boolean {
  return decision?.outcome === 'permit' && decision.disposition === 'relay';
}

/** A client without an address has no name to ask for. */
function canAskName({ clientAddress, clientNames }: RelayRequest): boolean {
  return clientAddress !== undefined && clientNames.state === 'unasked';
}

function nameCouldMatter(policy: RelayPolicy): boolean {
  return policy.clientDomains.domainCount > 0 || policy.map.usesClientNames;
}

/** A permit by the recipient stands, unless the map may yet refuse the client by name. */
function nameCouldChange(policy: RelayPolicy, mapped: RelayDecision | undefined): boolean {
  return isOnward(mapped) ? policy.map.usesClientNames : nameCouldMatter(policy);
}

/** Whether a look-up that failed could have ended in a permit. */
function nameMightHaveEarned(policy: RelayPolicy, client: ClientNames): boolean {
  if (client.state === 'unknown') return policy.clientDomains.domainCount > 0 || policy.map.relaysByName;
  return client.unresolved.some(
    (name) =>
      admits(policy.clientDomains.findDomain(name)) || policy.map.findClientName(name)?.value.action === 'relay',
  );
}

function cannotResolve(request: RelayRequest): Reply {
  return reply(450, '4.7.1', `Relaying temporarily denied. Cannot resolve PTR record for ${addressText(request)}`);
}

const denied = reply(550, '5.7.1', 'Relaying denied');
const unavailable = reply(450, '4.7.1', 'Relaying temporarily denied');

/** sendmail's words, with its reason where a name was asked for. */
function relayingDenied(policy: RelayPolicy, request: RelayRequest): Reply {
  if (!nameCouldMatter(policy)) return denied;
  let reason = '';
  if (request.clientNames.state === 'none') reason = `. IP name lookup failed [${addressText(request)}]`;
  else if (isForged(request.clientNames)) reason = `. IP name possibly forged [${addressText(request)}]`;
  return { ...denied, text: `${denied.text}${reason}` };
}

function addressText(request: RelayRequest): string {
  return request.clientAddress ? formatAddress(request.clientAddress) : 'unknown';
}

/** The `relay.to` entry for mail to a domain: whoever is listed is relayed to, with the entry's route if it has one. */
export function findDestination(policy: Pick<RelayPolicy, 'destinations'>, domain: string): ListEntry | undefined {
  const entry = policy.destinations.findRecipient({ localPart: '', domain });
  return admits(entry) ? entry : undefined;
}
