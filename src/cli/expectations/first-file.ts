/** A first file of expectations: what the policy answers now, entry by entry, and what must never come to pass. */

import { nullSender } from '../../policy/attributes/sender-scope';
import type { Network } from '../../policy/entries/containment';
import { formatLiteral } from '../../policy/entries/entry';
import type { EntryTablesData } from '../../policy/entries/entry-tables';
import { formatAddress, formatNetwork } from '../../policy/entries/ip-address';
import { mailboxOfKey } from '../../policy/mailbox';
import type { MailDecision } from '../../policy/sets/mail-decision';
import { Questioner } from '../../policy/sets/mail-question';
import { NameTable } from '../../policy/tables/name-table';
import { addressOfRow, lengthOfRow, PrefixTable } from '../../policy/tables/prefix-table';
import type { FolderPolicy } from '../policy-content';
import { contentInForce, describeResult, onWire } from './check';
import { parseExpectations } from './expectation';
import { disasters, elsewhere, header, inColumns, most, neighbours, strangers, type WrittenLine } from './written';

/** An entry of a list as a question. */
interface Subject {
  readonly text: string;
  /** Just outside of it. */
  readonly beside: readonly string[];
}

export function firstFile(policy: FolderPolicy): string {
  const { settings } = policy;
  const content = contentInForce(policy);
  const questioner = new Questioner(content);
  const { hosts, local_ip, local_domain, relay_to, relay_map, host_list } = content.lists;

  /** The line with the answer of today, where the question can be written. */
  const lineOf = (client: string, recipient: string): WrittenLine | undefined => {
    const { expectations, faults } = parseExpectations(`${client} -> ${recipient} pass`);
    const [expectation] = expectations;
    if (!expectation || faults.length > 0) return undefined;
    const { question } = expectation;
    const result = resultOf(onWire(questioner.first(question), settings.deny.at));
    const isSame = (decision: MailDecision) => resultOf(onWire(decision, settings.deny.at)) === result;
    const [other] = questioner.unexpected(question, isSame, false);
    if (!other) return { client, recipient, result };
    // A client that is trusted for some senders is asked with one of them.
    if (other.scope !== undefined) return lineOf(`${client} from=${senderIn(other.scope)}`, recipient);
    // Of a set that is answered in several ways the first is asked alone: narrower entries have lines of their own.
    const first = [client.replace(/\/[0-9]+/, '').replace('*.', ''), recipient.replace('@*.', '@')] as const;
    return first.join() === [client, recipient].join() ? undefined : lineOf(...first);
  };
  const section = (
    title: string,
    all: readonly Subject[],
    client: (text: string) => string,
    to: (text: string) => string,
  ) => {
    const subjects = all.slice(0, most);
    const lines = subjects.flatMap(({ text, beside }) => [text, ...beside].map((one) => lineOf(client(one), to(one))));
    const rest = all.length > most ? [`# ${all.length - most} more entries have no line here`] : [];
    return all.length === 0 ? [] : ['', `# ${title}`, ...textOf(lines), ...rest];
  };
  const textOf = (lines: readonly (WrittenLine | undefined)[]) => [
    ...new Set(inColumns(lines.filter((line) => line !== undefined))),
  ];
  const isStranger = (client: string) => {
    const [expectation] = parseExpectations(`${client} -> ${elsewhere} pass`).expectations;
    return expectation !== undefined && questioner.first(expectation.question).at === undefined;
  };
  const stranger = strangers.find(isStranger) ?? strangers[0];
  const own = (text: string) => text;
  const to = (text: string) => (text.includes('@') ? text : `anyone@${text}`);
  const lines = [
    ...section('localip', networksOf(local_ip), own, () => elsewhere),
    ...section(
      'localdomain',
      namesOf(local_domain),
      (name) => `${stranger} ptr=${name}`,
      () => elsewhere,
    ),
    ...section('host.deny, by address', networksOf(hosts), own, () => elsewhere),
    ...section(
      'host.deny, by name',
      namesOf(hosts),
      (name) => `${stranger} ptr=${name}`,
      () => elsewhere,
    ),
    ...section(
      'relay.to',
      [...namesOf(relay_to), ...mailboxesOf(relay_to), ...literalsOf(relay_to)],
      () => stranger,
      to,
    ),
    ...section('relay.map, clients by address', networksOf(relay_map.connect), own, () => elsewhere),
    ...section(
      'relay.map, clients by name',
      namesOf(relay_map.connect),
      (name) => `${stranger} ptr=${name}`,
      () => elsewhere,
    ),
    ...section('relay.map, recipients', [...namesOf(relay_map.to), ...mailboxesOf(relay_map.to)], () => stranger, to),
    ...section(
      'local domains',
      host_list.lines.map((text) => ({ text, beside: [`not-${text}`] })),
      () => stranger,
      to,
    ),
    '',
    '# what opens a relay: strangers, this host itself, a network that is far too wide',
    ...textOf(disasters.map((one) => lineOf(one, elsewhere))),
  ];
  return `${header}${lines.join('\n')}\n`;
}

/** A sender that the scope covers. */
function senderIn(scope: string): string {
  const [first = ''] = scope.split(',');
  return first === nullSender ? '' : `anyone@${first.replace('=', '')}`;
}

/** In the words of an expectation, without the lines, which an edit moves. */
function resultOf(decision: MailDecision): string {
  const { outcome, reply, route } = decision;
  if (reply) return `${outcome} ${reply.code} ${reply.enhanced.join('.')}`;
  if (outcome !== 'relay') return outcome;
  return route ? describeResult({ outcome, by: 'other', route }) : 'relay';
}

function networksOf(tables: EntryTablesData): Subject[] {
  return rowsOf(tables).map((network) => ({
    text: formatNetwork(network),
    beside: neighbours(network).map(formatAddress),
  }));
}

function literalsOf(tables: EntryTablesData): Subject[] {
  return rowsOf(tables).map((network) => ({
    text: `anyone@${formatLiteral(network.address)}`,
    beside: neighbours(network).map((address) => `anyone@${formatLiteral(address)}`),
  }));
}

function rowsOf({ networks4, networks6 }: EntryTablesData): Network[] {
  return [networks4, networks6].flatMap((data) => {
    const rows = Array.from({ length: Math.min(new PrefixTable(data).size, most + 1) }, (_, row) => row);
    return rows.map((row) => ({ address: addressOfRow(data, row), length: lengthOfRow(data, row) }));
  });
}

function namesOf({ suffixes, exacts }: EntryTablesData): Subject[] {
  return [
    ...keysOf(suffixes).map((name) => ({ text: `*.${name}`, beside: [`not-${name}`] })),
    ...keysOf(exacts).map((name) => ({ text: name, beside: [`below.${name}`] })),
  ];
}

function mailboxesOf({ mailboxes }: EntryTablesData): Subject[] {
  return keysOf(mailboxes)
    .map(mailboxOfKey)
    .map(({ localPart, domain }) => `${localPart}@${domain || 'elsewhere.example'}`)
    .map((text) => ({ text, beside: [`not-${text}`] }));
}

function keysOf(data: EntryTablesData['suffixes']): string[] {
  const table = new NameTable(data);
  const rows = [...table.rows()].sort((a, b) => table.entryAt(a).line - table.entryAt(b).line);
  return rows.slice(0, most + 1).map((row) => table.keyAt(row));
}
