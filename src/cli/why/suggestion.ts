/**
 * What to change so that a decision would be another one. The narrowest entry that does it, of one address, one name or one
 * recipient; nothing that would open or close more is suggested.
 */
import { nullSender } from '../../policy/attributes/sender-scope';
import { parseDomainName } from '../../policy/entries/domain-name';
import { type Entry, formatEntry, isProblem, parseEntry } from '../../policy/entries/entry';
import { parseAddress, parseAddressLiteral, widthOf } from '../../policy/entries/ip-address';
import type { ListKind } from '../../policy/entries/list';
import { foldLocalPart } from '../../policy/mailbox';
import { recipientOf } from '../log/recipient';
import { type EntryNow, hasEnded, type ListsNow, type NamedDecision } from './entry-now';

export interface Suggestion {
  /** `add`: the entry to the list; `replace`: the line by the entry; `edit`: the line; `none`: no list is the place. */
  readonly action: 'add' | 'replace' | 'edit' | 'none';
  readonly list: string | null;
  readonly line: number | null;
  readonly entry: string | null;
  readonly message: string;
}

export function suggest(decision: NamedDecision, now: EntryNow | undefined, lists: ListsNow): readonly Suggestion[] {
  const { rule, ip, outcome } = decision;
  if (now?.state === 'ended')
    return [advice('the entry has ended: without it the lists decide as smtpcheck explain says')];
  const exactly = entryFor(decision, now);
  const change = (list: ListKind, wanted: Entry | undefined, effect: string) => changeOf(lists, list, wanted, effect);
  const changeName = (list: ListKind, excluded: boolean, effect: string) => {
    const name = exactly.name(excluded);
    return name ? change(list, name, effect) : [advice('which name of the client decided is not known here')];
  };
  const toRelay = change('local_ip', exactly.address(false), `let ${ip} relay to anyone`);
  switch (rule) {
    case 'client-network':
      return change('local_ip', exactly.address(true), `take this from ${ip} alone`);
    case 'client-domain':
      return changeName('local_domain', true, 'take this from clients of this very name alone');
    case 'destination':
      return change('relay_to', exactly.mailbox(true), 'close this recipient alone');
    case 'backup-mx':
      return change('relay_to', exactly.domain(true), 'close this domain alone');
    case 'client-denied-network':
      return change('hosts', exactly.address(true), `let in ${ip}, and nobody else`);
    case 'client-denied-domain':
      return changeName('hosts', true, 'let in clients of this very name alone');
    case 'client-excluded':
      return now?.list === 'local_domain'
        ? changeName('local_domain', false, 'let clients of this very name relay to anyone')
        : toRelay;
    case 'sender-not-covered':
      return [widerScope(decision, now)];
    case 'destination-excluded':
      return change('relay_to', exactly.mailbox(false), 'let anyone send to this recipient alone');
    case 'unknown-recipient':
      return [
        advice(
          'its next hop says that there is no such mailbox: where there is one, that is to be put right there, and counts here after three hours',
        ),
        ...change('relay_to', exactly.mailbox(false), 'accept this recipient without asking'),
      ];
    case 'relay-denied':
      return [...change('relay_to', exactly.domain(), 'let anyone send to this domain'), ...toRelay];
    case 'name-unknown':
      return [advice("the client's name could not be looked up; once the DNS answers, the lists decide"), ...toRelay];
    case 'routed-local-part':
      return [
        advice('a local part with a route (user%host, host!user) is taken from clients alone that may relay'),
        ...toRelay,
      ];
    case 'postmaster':
    case 'own-address':
      return [
        advice('every mail server takes this mail (RFC 5321)'),
        ...change('hosts', exactly.address(false), `refuse ${ip} whatever it sends`),
      ];
    case 'relay-map':
      return [editOf(decision, outcome)];
    default:
      return [advice(adviceOn(decision, lists))];
  }
}

/** The narrowest entries for the client and the recipient; `undefined` where no list can hold one. */
function entryFor({ ip, rcpt, names }: NamedDecision, now: EntryNow | undefined) {
  // Of several names the one that the entry covers has decided.
  const domain = entryOn(now?.text ?? '');
  const covers = (name: string) => domain?.kind !== 'domain' || `.${name}`.endsWith(`.${domain.name}`);
  const recipient = recipientOf(rcpt);
  const literal = recipient && parseAddressLiteral(recipient.domain);
  const ofAddress = (address: ReturnType<typeof parseAddress>, excluded: boolean): Entry | undefined =>
    address && { kind: 'network', address, length: widthOf(address.family), excluded };
  return {
    address: (excluded: boolean) => ofAddress(parseAddress(ip), excluded),
    name: (excluded: boolean): Entry | undefined => {
      const name = parseDomainName(names.find(covers) ?? '');
      return name === undefined ? undefined : { kind: 'domain', name, exact: true, excluded };
    },
    mailbox: (excluded: boolean): Entry | undefined => {
      const localPart = foldLocalPart(recipient?.localPart ?? '');
      const isDomain = literal ?? parseDomainName(recipient?.domain ?? '');
      if (!recipient || localPart === undefined || isDomain === undefined) return undefined;
      return { kind: 'mailbox', localPart, domain: recipient.domain, excluded };
    },
    domain: (excluded = false): Entry | undefined => {
      if (literal) return ofAddress(literal, excluded);
      const name = parseDomainName(recipient?.domain ?? '');
      return name === undefined ? undefined : { kind: 'domain', name, exact: true, excluded };
    },
  };
}

/** The entry in the place of one for exactly the same, or beside a wider one: the most specific entry decides. */
function changeOf(lists: ListsNow, list: ListKind, wanted: Entry | undefined, effect: string): Suggestion[] {
  const text = wanted ? formatEntry(wanted) : '';
  if (!wanted || isProblem(parseEntry(text))) return [];
  const name = lists.nameOf(list);
  const subject = subjectOf(wanted);
  const line = lists.find(list, subject.replace('=', ''), (written) => {
    const entry = entryOn(written);
    return entry !== undefined && subjectOf(entry) === subject;
  });
  const now = line === undefined ? '' : (lists.lineOf(name, line) ?? '');
  if (line === undefined) {
    return [
      { action: 'add', list: name, line: null, entry: text, message: `${name}: the entry ${text} would ${effect}` },
    ];
  }
  const isOver = hasEnded(list, now);
  if (entryOn(now)?.excluded === wanted.excluded && !isOver)
    return [advice(`${name}:${line} is ${now}, and decides from now on`)];
  const message = `${name}:${line}: ${text} in the place of ${now}${isOver ? ', which has ended,' : ''} would ${effect}`;
  return [{ action: 'replace', list: name, line, entry: text, message }];
}

function subjectOf(entry: Entry): string {
  return formatEntry({ ...entry, excluded: false }).split(' ')[0] as string;
}

function entryOn(line: string): Entry | undefined {
  const entry = parseEntry(line.split(/[ \t]/)[0] ?? '');
  return isProblem(entry) ? undefined : entry;
}

/** The entry with exactly the domain of this sender added to its scope. */
function widerScope({ entry, from, ip }: NamedDecision, now: EntryNow | undefined): Suggestion {
  const scope = /[ \t](from=[^ \t#;]+)/.exec(now?.text ?? '')?.[1];
  if (!entry || !now?.text || now.state !== 'same' || scope === undefined) {
    return advice('the entry trusts the client for other senders: its from= is the place for this one');
  }
  const name = parseDomainName(recipientOf(from)?.domain ?? '');
  if (from !== nullSender && name === undefined) return advice('no from= covers a sender without a domain name');
  const [written = ''] = now.text.split(/[ \t]*[#;]/);
  const text = written.replace(scope, `${scope},${from === nullSender ? nullSender : `=${name}`}`);
  const place = `${entry.file}:${entry.line}`;
  const message = `${place}: ${text} in the place of ${now.text} would let ${ip} send to anyone as ${name ?? nullSender}`;
  return { action: 'replace', list: entry.file, line: entry.line, entry: text, message };
}

function editOf({ entry }: NamedDecision, outcome: string): Suggestion {
  const place = entry ? `${entry.file}:${entry.line}` : 'relay.map';
  const what = outcome === 'permit' ? 'permits' : `${outcome}s`;
  const message = `${place} ${what} whatever has its key: edit it, or add a more specific key`;
  return { action: 'edit', list: entry?.file ?? null, line: entry?.line ?? null, entry: null, message };
}

function advice(message: string): Suggestion {
  return { action: 'none', list: null, line: null, entry: null, message };
}

function adviceOn({ rule }: NamedDecision, lists: ListsNow): string {
  switch (rule) {
    case 'hello-malformed':
      return 'the client has to say a domain name or an address literal at EHLO; no list excepts a client';
    case 'impossible-domain':
      return 'no such domain can exist: the sender has to correct the address';
    case 'limit-reached':
      return 'it had as many recipients as its limit allows: smtpcheck limits shows what is counted, and --reset begins anew; if it is to send more, raise the limit';
    case 'trust-withdrawn':
      return 'a list was edited while the client was connected; on its next connection the lists decide as they are';
    case 'mx-unknown':
      return 'the MX records of the domain could not be looked up, or the client has asked for too many domains; once they can, mx: entries decide';
    case 'recipient-unverified':
      return 'the next hop gave no clear answer, or has been asked as often as [verify] rate allows; what it has said before is remembered';
    case 'unknown-recipients':
      return 'the client had asked for as many unknown recipients as [verify] unknown allows on one connection; on the next one it can go on';
    case 'list-unavailable':
      return 'a list could not be read: smtpcheck status and smtpcheck lint say which, and why';
    case 'client-name-unknown':
      return "the client's PTR name could not be looked up; once the DNS answers, host.deny decides";
    case 'client-address-unknown':
      return "a proxy wrote the client's address in a form that cannot be read: have it write 192.0.2.7 or 2001:db8::7";
    case 'hello-missing':
      return flagAdvice('needmailhelo', lists);
    default:
      return flagAdvice(rule, lists);
  }
}

/** Flags speak of all clients: taking one out would open more than this client's way. */
function flagAdvice(flag: string, { flagsAt }: ListsNow): string {
  const place = flagsAt === undefined ? '' : ` (smtpcheck.ini:${flagsAt})`;
  return `the privacy flag ${flag}${place} speaks of all clients; no list excepts one`;
}
