/**
 * sendmail's access map in source form (cf/README, "ANTI-SPAM CONFIGURATION CONTROL"). RELAY becomes list entries,
 * a refusal of a client `host.deny`, other decisions about relaying lines of `relay.map`; a key that stands below a
 * wider one becomes its exclusion, so that the most specific key decides here as it did there.
 */

import { Collector, type SourceItem } from '../../collector';
import { type Chain, chainOf, type ListName, type ReaderContext, type Reading } from '../../site-policy';
import { commentedLines } from '../text-lines';
import { mapValue, parseAccessValue, refuses, refusesForGood, type Value } from './access-value';
import { parseSendmailKey, type SendmailKey } from './sendmail-key';
import { suggestionsForLimit } from './sendmail-suggestions';

type Scope = 'connect' | 'to' | 'both';

/** The access map is looked up before class R (proto.m4, Rcpt_ok). */
function accessMapChain({ features }: ReaderContext): Chain {
  return chainOf('sendmail', { asksLocal: features.has('blocklist-recipients') });
}

export function readSendmailAccess(text: string, context: ReaderContext): Reading {
  const out = new Collector(context, accessMapChain(context));
  const rows = commentedLines(text).map(({ line, text: content, comments }) => {
    const [, key = '', value = ''] = /^(\S*)\s*(.*?)\s*$/.exec(content) ?? [];
    return { key, value, item: { line, text: content.trim(), comments } };
  });
  // Keys are folded to lower case; of two equal ones makemap keeps the first.
  const first = new Map<string, number>();
  for (const { key, item } of rows) if (!first.has(key.toLowerCase())) first.set(key.toLowerCase(), item.line);
  for (const { key, value, item } of rows) {
    const before = first.get(key.toLowerCase());
    if (value === '') out.remark('access-line', item);
    else if (before !== item.line) out.remark('access-never-matches', item, `line ${before} has the same key`);
    else
      readLine(out, key, valueIn(out, parseAccessValue(value)), item, (tag) =>
        first.has(`${tag}:${key.toLowerCase()}`),
      );
  }
  return out;
}

/** `tagged` tells whether the same key stands elsewhere with a tag, which is looked up before the key without one. */
function readLine(
  out: Collector,
  written: string,
  value: Value,
  item: SourceItem,
  tagged: (tag: 'connect' | 'to') => boolean,
): void {
  const { tag, key } = splitTag(written);
  switch (tag) {
    case '': {
      const scope = tagged('connect') ? 'to' : tagged('to') ? 'connect' : 'both';
      if (tagged('connect') && tagged('to')) out.remark('access-never-matches', item, 'Connect: and To: have this key');
      else readKey(out, scope, parseSendmailKey(key), value, item);
      return;
    }
    case 'connect':
      readKey(out, 'connect', parseSendmailKey(key), value, item);
      return;
    case 'to':
      readKey(out, 'to', parseSendmailKey(key), value, item);
      return;
    case 'from':
      if (value.kind === 'ok' || value.kind === 'skip') out.remark('access-from-ok', item);
      else out.remark(value.kind === 'relay' ? 'access-from-relay' : 'access-from', item);
      return;
    case 'spam':
      out.remark('delay-checks-exempt', item, key);
      return;
    case 'certissuer':
    case 'certsubject':
      out.remark('access-certificate', item);
      return;
    default:
      for (const suggestion of suggestionsForLimit(tag, key, item.text.split(/\s+/)[1] ?? ''))
        out.suggest(suggestion, item);
      out.remark('access-other-tag', item, `${written.slice(0, written.indexOf(':'))}:`);
      return;
  }
}

/** The tag in lower case, as sendmail folds keys. `IPv6:2001:db8` has none. */
function splitTag(written: string): { tag: string; key: string } {
  const match = /^([a-z_0-9]+):(.*)$/i.exec(written);
  if (!match || /^ipv6:/i.test(written)) return { tag: '', key: written };
  return { tag: (match[1] ?? '').toLowerCase(), key: match[2] ?? '' };
}

function readKey(out: Collector, scope: Scope, key: SendmailKey, value: Value, item: SourceItem): void {
  switch (key.kind) {
    case 'cidr':
      out.remark('access-cidr', item);
      return;
    case 'subdomains':
      if (out.context.features.has('lookup-dot-domain')) readSubdomains(out, scope, key.name, value, item);
      else out.remark('access-never-matches', item, 'keys do not begin with a dot (except with lookupdotdomain)');
      return;
    case 'never':
      out.remark('access-never-matches', item, key.why);
      return;
    case 'network':
      if (scope === 'to') {
        out.remark('access-never-matches', item, 'a recipient names an address in brackets');
        return;
      }
      readClient(out, 'localip', key.entry, value, item);
      return;
    case 'domain':
      readDomain(out, scope, key.name, value, item);
      return;
    case 'literal':
      readLiteral(out, scope, key.entry, value, item);
      return;
    case 'mailbox':
      readMailbox(out, scope, key.mailbox, value, item);
      return;
    case 'user':
      readUser(out, scope, value, item);
      return;
  }
}

/** sendmail looks a user at any domain up for local recipients only, and those never come to relay.map. */
function readUser(out: Collector, scope: Scope, value: Value, item: SourceItem): void {
  if (value.kind === 'relay') out.remark('access-user-relay', item);
  else if (value.kind === 'ok' || value.kind === 'skip') out.remark('access-ok', item);
  else if (scope === 'connect') out.remark('access-never-matches', item, 'a client has no mailbox');
  else out.remark('access-user', item);
}

function readDomain(out: Collector, scope: Scope, name: string, value: Value, item: SourceItem): void {
  // With relay_hosts_only a name lets exactly that host relay; refusals still reach everything below it.
  const own = out.context.features.has('relay-hosts-only') ? `=${name}` : name;
  if (scope !== 'to') readClient(out, 'localdomain', own, value, item, name);
  if (scope === 'connect') return;
  if (value.kind === 'relay') {
    out.add('relay.to', 'permit', own, item);
    return;
  }
  endHere(out, 'relay.to', refuses(value) ? name : own, value, item);
  if (scope === 'to') readRecipient(out, 'to', name, value, item);
  else if (value.kind !== 'ok' && value.kind !== 'skip') out.remark('access-sender-half', item, 'clients');
}

/** `.example.org`, with lookupdotdomain: the names below it, before a key without the dot. */
function readSubdomains(out: Collector, scope: Scope, name: string, value: Value, item: SourceItem): void {
  const below = { subdomainsOnly: true };
  const quiet = { ...item, comments: [] };
  if (value.kind === 'relay' && out.context.features.has('relay-hosts-only')) {
    out.remark('access-never-matches', item, 'with relay_hosts_only a name is looked up as it stands');
    return;
  }
  const verdict = value.kind === 'relay' ? 'permit' : refuses(value) ? 'deny' : 'no-opinion';
  if (scope !== 'to') {
    out.add('host.deny', verdict === 'deny' ? 'deny' : 'permit', name, quiet, below);
    out.add('localdomain', verdict, name, item, below);
  }
  if (scope !== 'connect') out.add('relay.to', verdict, name, item, below);
  if (value.kind === 'quarantine') out.remark('access-quarantine', item);
  else if (verdict === 'no-opinion') out.remark('access-ok', item);
  else if (verdict === 'deny' && scope === 'both') out.remark('access-sender-half', item, 'clients and recipients');
  if (verdict !== 'deny') return;
  if (scope !== 'connect') remarkOnRecipient(out, item);
  if (value.kind === 'unknown') remarkOnText(out, value, item);
  else if (value.kind === 'error') out.remark('access-reply-lost', item);
}

function readLiteral(out: Collector, scope: Scope, entry: string, value: Value, item: SourceItem): void {
  if (scope === 'to' && value.kind === 'relay') {
    out.add('relay.to', 'permit', entry, item);
    return;
  }
  if (scope !== 'to' && refuses(value)) {
    if (value.kind === 'unknown') remarkOnText(out, value, item);
    else if (!refusesForGood(value)) out.remark('access-refused-outright', item, 'put off or dropped all mail');
    out.add('host.deny', 'deny', entry, item);
    return;
  }
  if (value.kind === 'ok' || value.kind === 'skip') {
    out.remark('access-ok', item);
    return;
  }
  out.remark('access-never-matches', item, 'brackets name a client without a host name, and such a one may not relay');
}

/** A client by address or name: who may relay, and who is refused. */
function readClient(
  out: Collector,
  list: Extract<ListName, 'localip' | 'localdomain'>,
  entry: string,
  value: Value,
  item: SourceItem,
  denyEntry = entry,
): void {
  if (value.kind === 'relay') {
    spare(out, denyEntry, item);
    out.add(list, 'permit', entry, item);
    return;
  }
  endHere(out, list, entry, value, item);
  switch (value.kind) {
    case 'reject':
      out.add('host.deny', 'deny', denyEntry, item);
      return;
    case 'error':
      if (value.temporary) out.remark('access-refused-outright', item, 'put off all mail');
      else out.remark('access-reply-lost', item);
      out.add('host.deny', 'deny', denyEntry, item);
      return;
    case 'discard':
      out.remark('access-refused-outright', item, 'dropped all mail');
      out.add('host.deny', 'deny', denyEntry, item);
      return;
    case 'ok':
    case 'skip':
      spare(out, denyEntry, item);
      out.remark('access-ok', item);
      return;
    case 'quarantine':
      out.remark('access-quarantine', item);
      return;
    case 'unknown':
      remarkOnText(out, value, item);
      out.add('host.deny', 'deny', denyEntry, item);
      return;
  }
}

function readMailbox(out: Collector, scope: Scope, mailbox: string, value: Value, item: SourceItem): void {
  if (scope === 'connect') {
    out.remark('access-never-matches', item, 'a client has no mailbox');
    return;
  }
  if (value.kind !== 'relay') {
    endHere(out, 'relay.to', mailbox, value, item);
    readRecipient(out, scope, mailbox, value, item);
    return;
  }
  if (!out.context.features.has('relay-to-full-address')) {
    out.remark('access-full-address', item);
    return;
  }
  out.add('relay.to', 'permit', mailbox, item);
}

/** A decision about a recipient other than RELAY: `relay.map` keeps it. */
function readRecipient(out: Collector, scope: Scope, key: string, value: Value, item: SourceItem): void {
  switch (value.kind) {
    case 'ok':
    case 'skip':
      out.remark('access-ok', item);
      return;
    case 'quarantine':
      out.remark('access-quarantine', item);
      return;
    case 'unknown':
      remarkOnText(out, value, item);
      break;
  }
  if (scope === 'both') out.remark('access-sender-half', item, 'recipients');
  remarkOnRecipient(out, item);
  out.addMapLine(`To:${key}`, mapValue(value), item);
}

/** Without blocklist_recipients sendmail asks the map about a recipient only whether to relay. */
function remarkOnRecipient(out: Collector, item: SourceItem): void {
  const { features } = out.context;
  const strangersOnly = features.has('sendmail-configuration') && !features.has('blocklist-recipients');
  out.remark(strangersOnly ? 'access-recipient-strangers' : 'access-recipient', item);
}

/** A wider key that relays ends here; after a refusal class R is not asked. */
function endHere(out: Collector, list: ListName, entry: string, value: Value, item: SourceItem): void {
  out.add(list, refuses(value) ? 'deny' : 'no-opinion', entry, { ...item, comments: [] });
}

/** A wider key that refuses ends here. */
function spare(out: Collector, entry: string, item: SourceItem): void {
  out.add('host.deny', 'permit', entry, { ...item, comments: [] });
}

/** The value as the map of this site has it: SKIP is a word of its own only with the argument `skip'. */
function valueIn(out: Collector, value: Value): Value {
  return value.kind === 'skip' && !out.context.features.has('access-skip') ? { kind: 'unknown', isSkip: true } : value;
}

function remarkOnText(out: Collector, value: Value, item: SourceItem): void {
  out.remark(value.kind === 'unknown' && value.isSkip ? 'access-skip' : 'access-refused-as-text', item);
}
