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
  /** `false`: whatever no list permits is left to the other plugins, unless `relay.map` refuses it. */
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
  | 'trust-withdrawn'
  | 'client-excluded'
  | 'destination-excluded'
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

  if (nameMightHaveEarned(policy, request.clientNames)) return defer('name-unknown', cannotResolve(request));
  if (!policy.restriction) return pass('restriction-off');
  return refusal(policy, request);
}

/** Where exclusions made the refusal it names the first, in the order in which the lists are asked. */
function refusal(policy: RelayPolicy, request: RelayRequest): RelayDecision {
  const client = clientExclusion(policy, request);
  if (client) return refuse('client-excluded', denied, client.source);
  const destination = policy.destinations.findRecipient(request.recipient);
  if (destination?.excluded) return refuse('destination-excluded', denied, destination.source);
  return refuse('relay-denied', relayingDenied(policy, request));
}

function clientExclusion(policy: TrustPolicy, { clientAddress, clientNames }: RelayRequest): ListEntry | undefined {
  const network = clientAddress && policy.clientNetworks.findAddress(clientAddress);
  if (network?.excluded) return network;
  return clientNames.confirmed.map((name) => policy.clientDomains.findDomain(name)).find((host) => host?.excluded);
}

/** After trust was withdrawn: 421 ends the connection, and on a new one the client has what it has a right to. */
export const trustWithdrawn = defer(
  'trust-withdrawn',
  reply(421, '4.7.1', 'Relaying permission has changed, please reconnect'),
);

/** The lists that trust a client. */
type TrustPolicy = Pick<RelayPolicy, 'clientNetworks' | 'clientDomains'>;

/** Whether the client itself is trusted to relay to anyone: by its address, or by a confirmed name. */
export function decideTrust(
  policy: TrustPolicy,
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
function canTellTrust(policy: TrustPolicy): boolean {
  return policy.clientNetworks.available && policy.clientDomains.available;
}

export interface FormRequest extends Pick<RelayRequest, 'clientAddress' | 'clientNames'> {
  readonly recipient: Recipient & { readonly writtenDomain?: string };
  /** `connection.relaying`, whoever has set it. */
  readonly relaying: boolean;
}

export type FormRule =
  | 'routed-local-part'
  | 'impossible-domain'
  | 'list-unavailable'
  | 'name-unknown'
  | 'trust-withdrawn'
  | 'plain-recipient';

export type FormDecision = Exclude<Decision<FormRule>, Permit>;

/**
 * Recipients that are refused for their form, whatever the lists say: from anyone a domain that cannot be one, and from
 * an untrusted client a local part that carries a route, whatever the domain behind it. A route asks for relaying, and is
 * not refused without restriction.
 */
export function decideRecipientForm(
  policy: TrustPolicy & Pick<RelayPolicy, 'restriction'>,
  request: FormRequest,
): FormDecision | AskName {
  const { recipient } = request;
  if (isImpossibleDomain(recipient.domain) || isDisguised(recipient.writtenDomain ?? '', recipient.domain)) {
    return refuse('impossible-domain', reply(550, '5.1.2', 'Bad destination system address'));
  }
  if (request.relaying || !policy.restriction || !carriesRoute(recipient.localPart)) return plainRecipient;
  if (decideTrust(policy, request)) return plainRecipient;

  if (canAskName(request) && policy.clientDomains.domainCount > 0) return askName;
  if (!canTellTrust(policy)) return defer('list-unavailable', unavailable);
  if (nameMightBeTrusted(policy, request.clientNames)) return defer('name-unknown', cannotResolve(request));
  return refuse('routed-local-part', denied);
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
function canAskName({ clientAddress, clientNames }: Pick<RelayRequest, 'clientAddress' | 'clientNames'>): boolean {
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
  if (nameMightBeTrusted(policy, client)) return true;
  if (client.state === 'unknown') return policy.map.relaysByName;
  return client.unresolved.some((name) => policy.map.findClientName(name)?.value.action === 'relay');
}

/** Whether a look-up that failed could have found a name in `localdomain`. */
function nameMightBeTrusted({ clientDomains }: TrustPolicy, client: ClientNames): boolean {
  if (client.state === 'unknown') return clientDomains.domainCount > 0;
  return client.unresolved.some((name) => admits(clientDomains.findDomain(name)));
}

function cannotResolve(request: Pick<RelayRequest, 'clientAddress'>): Reply {
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

function addressText(request: Pick<RelayRequest, 'clientAddress'>): string {
  return request.clientAddress ? formatAddress(request.clientAddress) : 'unknown';
}

/** The `relay.to` entry for mail to a domain: whoever is listed is relayed to, with the entry's route if it has one. */
export function findDestination(policy: Pick<RelayPolicy, 'destinations'>, domain: string): ListEntry | undefined {
  const entry = policy.destinations.findRecipient({ localPart: '', domain });
  return admits(entry) ? entry : undefined;
}
