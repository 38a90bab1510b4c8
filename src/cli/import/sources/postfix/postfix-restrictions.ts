/**
 * Postfix's restriction lists (SMTPD_ACCESS_README): client tables that refuse become `host.deny`; whatever could permit
 * relaying by a rule of its own is named and left out.
 */

import { words } from '../../../../policy/settings/setting-kinds';
import type { Collector, SourceItem } from '../../collector';
import { type Chain, chainOf } from '../../site-policy';
import { addTable } from './postfix-table-reference';
import { elementsOf, expand, type MainCf, type Parameter } from './postfix-values';

interface Restriction {
  readonly name: string;
  readonly argument?: string;
  readonly item: SourceItem;
}

/** Lists that can refuse a client and let nobody relay. */
const refusing = ['smtpd_client_restrictions', 'smtpd_helo_restrictions', 'smtpd_sender_restrictions'];

export function addRestrictions(
  out: Collector,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  parentMatches: boolean,
): void {
  const reader = new RestrictionReader(out, parentMatches, classesOf(main, known));
  for (const name of refusing) {
    const parameter = main.parameters.get(name);
    if (parameter) reader.read(name, restrictionsOf(parameter, main, known, out), false);
  }
  const relay = main.parameters.get('smtpd_relay_restrictions');
  const recipient = main.parameters.get('smtpd_recipient_restrictions');
  for (const parameter of [relay, recipient]) {
    if (!parameter) continue;
    // smtpd_relay_restrictions decide about relaying; a permit in smtpd_recipient_restrictions then lets nobody relay.
    const decidesRelaying = parameter === relay || (relay !== undefined && relay.value === '');
    reader.read(parameter.name, restrictionsOf(parameter, main, known, out), decidesRelaying);
  }
}

function classesOf(main: MainCf, known: ReadonlyMap<string, string>): ReadonlySet<string> {
  const parameter = main.parameters.get('smtpd_restriction_classes');
  const expanded = parameter && expand(parameter.value, main, known);
  return new Set(expanded && 'value' in expanded ? words(expanded.value) : []);
}

/** Names with their arguments; a restriction class is not looked into. */
function restrictionsOf(
  parameter: Parameter,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  out: Collector,
): Restriction[] {
  const found: { word: string; item: SourceItem }[] = elementsOf(parameter).flatMap((element) => {
    const item: SourceItem = { line: element.line, text: element.text };
    const expanded = expand(element.text, main, known);
    if ('unset' in expanded) {
      out.remark('postfix-variable', item, expanded.unset);
      return [];
    }
    return words(expanded.value).map((word) => ({ word, item }));
  });
  const restrictions: Restriction[] = [];
  for (let i = 0; i < found.length; i++) {
    const { word, item } = found[i] as (typeof found)[number];
    const takesArgument =
      /^(?:check_\w+|reject_rbl_client|reject_rhsbl_\w+|permit_dnswl_client|permit_rhswl_client)$/.test(word);
    const argument = takesArgument ? found[++i]?.word : undefined;
    restrictions.push(argument === undefined ? { name: word, item } : { name: word, argument, item });
  }
  return restrictions;
}

class RestrictionReader {
  constructor(
    private readonly out: Collector,
    private readonly parentMatches: boolean,
    private readonly classes: ReadonlySet<string>,
  ) {}

  /**
   * Reads every check_client_access; in Postfix a permit before it exempts the client from it, and here it does not. Adds
   * a remark for each restriction with a rule of its own. `relays`: whether a client that the list permits may relay, until
   * strangers are refused.
   */
  read(list: string, restrictions: readonly Restriction[], relays: boolean): void {
    let open = relays;
    const permits: string[] = [];
    for (const [place, { name, argument, item }] of restrictions.entries()) {
      const whole: SourceItem = { ...item, text: [name, argument].filter(Boolean).join(' ') };
      if (name === 'check_client_access' && argument !== undefined) {
        if (permits.length > 0) this.out.remark('postfix-client-order', whole, permits.join(', '));
        this.clientTable(argument, whole, chainOf(this.out.context.file, { series: list, place }), open);
      } else if (name.startsWith('permit')) {
        permits.push(name);
        this.permit(list, name, whole, open);
      } else if (refusesStrangers.has(name)) {
        open = false;
        const outright = name === 'reject' || name === 'defer';
        if (outright && refusing.includes(list)) this.out.remark('postfix-refuses-all', item);
      } else if (this.classes.has(name) || name.startsWith('check_')) {
        if (open) this.out.remark('postfix-permits', whole, whole.text);
        else this.out.remark('postfix-check', whole, pluginFor(name));
      } else if (name.startsWith('reject_')) {
        this.out.remark('postfix-check', whole, pluginFor(name));
      }
    }
  }

  private clientTable(table: string, item: SourceItem, chain: Chain, okRelays: boolean): void {
    const position = { chain, order: [chain.place], negated: false, parentMatches: this.parentMatches, okRelays };
    if (!addTable(this.out, 'client-access', table, item, position)) this.out.remark('map-unreadable', item, table);
  }

  private permit(list: string, name: string, item: SourceItem, open: boolean): void {
    if (name === 'permit_sasl_authenticated') {
      if (!refusing.includes(list)) this.out.remark('postfix-auth', item);
    } else if (!open) return;
    else if (name === 'permit') this.out.remark('postfix-unrestricted', item);
    else if (name === 'permit_mx_backup') this.out.remark('postfix-mx-backup', item);
    else if (/^permit_(?:tls|inet|auth|dnswl|rhswl)/.test(name)) this.out.remark('postfix-permits', item, item.text);
  }
}

/** The restriction that keeps mynetworks or relay_domains from permitting, if there is one. */
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
    const names = words(expanded.value);
    const before = (place: number, ...permits: string[]) =>
      names.slice(0, place).some((word) => word === 'permit' || permits.includes(word));
    const refusal = names.findIndex((word) => refusesStrangers.has(word));
    const outright = names.findIndex((word) => word === 'reject' || word === 'defer');
    if (refusal >= 0 && !before(refusal, 'permit_mynetworks')) found.mynetworks ??= `${names[refusal]} in ${name}`;
    if (outright >= 0 && !before(outright, 'permit_auth_destination')) {
      found.relayDomains ??= `${names[outright]} in ${name}`;
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
