/** Core values from the text an operator would write; what does not parse fails the test. */
import assert from 'node:assert/strict';
import type { Sender } from '../src/policy/attributes/sender-scope';
import { type ClientNames, unaskedNames } from '../src/policy/client-names';
import type { Decision } from '../src/policy/decision';
import { type DenyPolicy, type DenyRequest, decideDeny, denyNeedsClientName } from '../src/policy/deny-decision';
import type { Recipient } from '../src/policy/entries/entry-tables';
import { type IpAddress, parseAddress } from '../src/policy/entries/ip-address';
import { type ListEntry, type ListKind, PolicyList, parseList } from '../src/policy/entries/list';
import { LocalDomains } from '../src/policy/entries/local-domains';
import { parseRelayMap, RelayMap } from '../src/policy/entries/relay-map';
import { describeFinding } from '../src/policy/findings/finding-text';
import { decideRecipientForm, type FormRequest, formNeedsClientName } from '../src/policy/recipient-form';
import { decideRelay, needsClientName } from '../src/policy/relay-decision';
import type { RelayDecision, RelayPolicy, RelayRequest } from '../src/policy/relay-policy';

/** When a test asks, where nothing it asks about ends. */
export const now = Date.UTC(2026, 0, 15);

export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  assert.ok(parsed, `${text} is an address`);
  return parsed;
}

export function listOf(kind: ListKind, ...lines: readonly string[]): PolicyList {
  const { data, findings } = parseList(kind, fileOf[kind], lines.join('\n'));
  assert.ok(data, findings.map(describeFinding).join('\n'));
  return new PolicyList(data);
}

const fileOf: Readonly<Record<ListKind, string>> = {
  local_ip: 'localip',
  local_domain: 'localdomain',
  relay_to: 'relay.to',
  hosts: 'host.deny',
};

export function mapOf(...lines: readonly string[]): RelayMap {
  const { data, findings } = parseRelayMap('relay.map', lines.join('\n'));
  assert.ok(data, findings.map(describeFinding).join('\n'));
  return new RelayMap(data);
}

/** A list of which nobody can tell just now what it holds. */
export function unavailableList(kind: ListKind): PolicyList {
  const { data } = parseList(kind, fileOf[kind], '');
  assert.ok(data);
  return new PolicyList({ ...data, available: false });
}

export function unavailableMap(): RelayMap {
  const { data } = parseRelayMap('relay.map', '');
  assert.ok(data);
  return new RelayMap({ ...data, available: false });
}

/** `user@domain` as the adapter hands it on; without an @ the domain is empty. */
export function recipient(text: string): Recipient {
  const at = text.lastIndexOf('@');
  return at < 0
    ? { localPart: text, domain: '' }
    : { localPart: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() };
}

/** `+line` where the entry admits, `-line` where it excludes, nothing where there is none. */
export function shown(entry: ListEntry | undefined): string | undefined {
  return entry && `${entry.excluded ? '-' : '+'}${entry.source.line}`;
}

export interface RelaySite {
  readonly localip?: readonly string[];
  readonly localdomain?: readonly string[];
  readonly relayTo?: readonly string[];
  readonly map?: readonly string[];
  readonly restriction?: boolean;
  readonly hostList?: readonly string[];
  readonly localDelivery?: boolean;
  readonly attributes?: RelayPolicy['attributes'];
}

export function relayPolicy(site: RelaySite = {}): RelayPolicy {
  return {
    restriction: site.restriction ?? true,
    clientNetworks: listOf('local_ip', ...(site.localip ?? [])),
    clientDomains: listOf('local_domain', ...(site.localdomain ?? [])),
    attributes: site.attributes ?? 'enforce',
    destinations: listOf('relay_to', ...(site.relayTo ?? [])),
    map: mapOf(...(site.map ?? [])),
    localDomains: localDomainsOf(...(site.hostList ?? [])),
    localDelivery: site.localDelivery ?? true,
  };
}

export function localDomainsOf(...names: readonly string[]): LocalDomains {
  const patterns = { file: 'host_list_regex', lines: [] };
  return new LocalDomains({ file: 'host_list', lines: names }, patterns);
}

export interface RelayAsk {
  readonly from?: string | undefined;
  readonly to?: string;
  /** The recipient's domain is an address literal of this host. */
  readonly here?: boolean;
  readonly names?: ClientNames;
  readonly time?: number;
  readonly sender?: Sender;
  readonly vouched?: boolean;
}

export function relayRequest(ask: RelayAsk = {}): RelayRequest {
  const from = 'from' in ask ? ask.from : '203.0.113.9';
  return {
    clientAddress: from === undefined ? undefined : address(from),
    clientNames: ask.names ?? unaskedNames,
    time: ask.time ?? now,
    sender: ask.sender,
    recipient: recipient(ask.to ?? 'user@victim.example'),
    recipientIsHere: ask.here ?? false,
    vouched: ask.vouched ?? false,
  };
}

/** A stranger's, unless it is said otherwise. */
export function formRequest(
  to: string,
  { relaying = false, ...ask }: RelayAsk & { relaying?: boolean } = {},
): FormRequest {
  const { clientAddress, clientNames, time, sender } = relayRequest(ask);
  return { clientAddress, clientNames, time, sender, recipient: recipient(to), relaying };
}

/** Names whose PTR records are known; those in `confirmed` lead back. */
export function named(
  claimed: readonly string[],
  confirmed: readonly string[] = [],
  unresolved: readonly string[] = [],
): ClientNames {
  return { state: 'known', claimed, confirmed, unresolved };
}

export const needsTheName = 'needs the name';

/** What is said of a request by whoever looks up the client's names first where they are needed. */
export function relaySays(policy: RelayPolicy, request: RelayRequest): string {
  return needsClientName(policy, request) ? needsTheName : told(decideRelay(policy, request));
}

export function formSays(policy: RelayPolicy, request: FormRequest): string {
  return formNeedsClientName(policy, request) ? needsTheName : told(decideRecipientForm(policy, request));
}

export function denySays(policy: DenyPolicy, request: DenyRequest): string {
  return denyNeedsClientName(policy, request) ? needsTheName : told(decideDeny(policy, request));
}

/** A decision in one line: `permit client-network localip:1 relay`, `refuse relay-denied 550 5.7.1 Relaying denied`. */
export function told(decision: Decision | RelayDecision): string {
  const parts = [decision.outcome, decision.rule, decision.at && `${decision.at.file}:${decision.at.line}`];
  if ('disposition' in decision) parts.push(decision.disposition);
  if ('reply' in decision) {
    const { code, enhanced, text } = decision.reply;
    parts.push(`${code} ${enhanced.join('.')} ${text}`);
  }
  return parts.filter((part) => part !== undefined).join(' ');
}
