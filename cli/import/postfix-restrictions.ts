/**
 * Postfix's restriction lists (SMTPD_ACCESS_README): client tables that refuse become `host.deny`; whatever could permit
 * relaying by a rule of its own is named and left out.
 */

import { addTable } from './postfix-table-reference';
import { elementsOf, expand, type MainCf, type Parameter } from './postfix-values';
import type { Collector, SourceItem } from './site-policy';

interface Restriction {
  readonly name: string;
  readonly argument?: string;
  readonly item: SourceItem;
}

export function addRestrictions(
  out: Collector,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  parentMatches: boolean,
): void {
  const client = main.parameters.get('smtpd_client_restrictions');
  if (client) addClientRestrictions(out, restrictionsOf(client, main, known, out), parentMatches);
  const relay = main.parameters.get('smtpd_relay_restrictions');
  const recipient = main.parameters.get('smtpd_recipient_restrictions');
  for (const parameter of [relay, recipient]) {
    if (!parameter) continue;
    // What smtpd_recipient_restrictions permits after smtpd_relay_restrictions had its say lets nobody relay.
    const decidesRelaying = parameter === relay || (relay !== undefined && relay.value === '');
    addRelayRestrictions(out, restrictionsOf(parameter, main, known, out), decidesRelaying);
  }
}

/** Names with their arguments; a restriction class is not looked into. */
function restrictionsOf(
  parameter: Parameter,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  out: Collector,
): Restriction[] {
  const found: Restriction[] = [];
  const words = elementsOf(parameter).flatMap((element) => {
    const item: SourceItem = { line: element.line, written: element.text };
    const expanded = expand(element.text, main, known);
    if ('unset' in expanded) {
      out.remark('postfix-variable', item, expanded.unset);
      return [];
    }
    return expanded.value
      .split(/[\s,]+/)
      .filter((word) => word !== '')
      .map((word) => ({ word, item }));
  });
  for (let i = 0; i < words.length; i++) {
    const { word, item } = words[i] as (typeof words)[number];
    const takesArgument =
      /^(?:check_\w+|reject_rbl_client|reject_rhsbl_\w+|permit_dnswl_client|permit_rhswl_client)$/.test(word);
    const argument = takesArgument ? words[++i]?.word : undefined;
    found.push(argument === undefined ? { name: word, item } : { name: word, argument, item });
  }
  return found;
}

/** check_client_access in the order it stands; what permits before it exempts there, and not here. */
function addClientRestrictions(out: Collector, restrictions: readonly Restriction[], parentMatches: boolean): void {
  const permits: string[] = [];
  for (const [place, { name, argument, item }] of restrictions.entries()) {
    if (name === 'check_client_access' && argument !== undefined) {
      const written = `${name} ${argument}`;
      if (permits.length > 0) out.remark('postfix-client-order', { ...item, written }, permits.join(', '));
      const context = { rank: [place], negated: false, parentMatches };
      if (!addTable(out, 'client-access', argument, { ...item, written }, context)) {
        out.remark('map-unreadable', { ...item, written }, argument);
      }
    } else if (name.startsWith('permit')) {
      permits.push(name);
    } else if (name === 'reject' || name === 'defer') {
      out.remark('postfix-refuses-all', item);
    } else if (/^(?:check_|reject_)/.test(name)) {
      out.remark('other-plugin', { ...item, written: [name, argument].filter(Boolean).join(' ') }, pluginFor(name));
    }
  }
}

/** What stands in the way of mynetworks or of relay_domains, if anything does. */
export interface Obstacles {
  readonly mynetworks?: string;
  readonly relayDomains?: string;
}

/** Both lists must let a recipient pass; a list that is not set lets it pass like Postfix's default. */
export function obstaclesTo(main: MainCf, known: ReadonlyMap<string, string>): Obstacles {
  const found: { mynetworks?: string; relayDomains?: string } = {};
  for (const name of ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions']) {
    const parameter = main.parameters.get(name);
    const expanded = parameter && expand(parameter.value, main, known);
    if (!expanded || !('value' in expanded)) continue;
    const words = expanded.value.split(/[\s,]+/).filter((word) => word !== '');
    const before = (place: number, ...permits: string[]) =>
      words.slice(0, place).some((word) => word === 'permit' || permits.includes(word));
    const refusal = words.findIndex((word) => refusesStrangers.has(word));
    const outright = words.findIndex((word) => word === 'reject' || word === 'defer');
    if (refusal >= 0 && !before(refusal, 'permit_mynetworks')) found.mynetworks ??= `${words[refusal]} in ${name}`;
    if (outright >= 0 && !before(outright, 'permit_auth_destination')) {
      found.relayDomains ??= `${words[outright]} in ${name}`;
    }
  }
  return found;
}

function pluginFor(restriction: string): string {
  if (/rbl|rhsbl/.test(restriction)) return 'dns-list';
  if (/client_hostname|reverse_client/.test(restriction)) return 'fcrdns';
  if (/helo/.test(restriction)) return 'helo.checks';
  if (/policy_service/.test(restriction)) return 'one that asks your policy service';
  return 'access';
}

const refusesStrangers = new Set(['reject_unauth_destination', 'defer_unauth_destination', 'reject', 'defer']);

/** Names what permits or refuses by a rule of its own; permits count only before strangers are refused. */
function addRelayRestrictions(out: Collector, restrictions: readonly Restriction[], decidesRelaying: boolean): void {
  let decided = !decidesRelaying;
  for (const { name, argument, item } of restrictions) {
    const written = [name, argument].filter(Boolean).join(' ');
    if (refusesStrangers.has(name)) decided = true;
    else if (name === 'permit_sasl_authenticated') out.remark('postfix-auth', item);
    else if (name === 'permit' && !decided) out.remark('postfix-unrestricted', item);
    else if (name === 'permit_mx_backup' && !decided) out.remark('postfix-mx-backup', item);
    else if (/^(?:check_|permit_(?:tls|inet|auth|dnswl|rhswl))/.test(name) && !decided) {
      out.remark('postfix-permits', { ...item, written }, written);
    } else if (/^(?:check_|reject_)/.test(name)) {
      out.remark('other-plugin', { ...item, written }, pluginFor(name));
    }
  }
}
