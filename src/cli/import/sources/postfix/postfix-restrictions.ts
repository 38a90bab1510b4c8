/**
 * Postfix's restriction lists (SMTPD_ACCESS_README): tables that refuse clients become `host.deny`, tables that refuse
 * recipients take these out of `relay.to`; whatever could permit relaying by a rule of its own is named and left out.
 */

import type { Collector, SourceItem } from '../../collector';
import { type Chain, chainOf, type Position } from '../../site-policy';
import { checkBy } from './postfix-checks';
import { addTable } from './postfix-tables';
import { compareLevels, elementsOf, expand, type MainCf, type Parameter, wordsOf } from './postfix-values';

interface Restriction {
  readonly name: string;
  readonly argument?: string;
  readonly item: SourceItem;
  /** It stands behind warn_if_reject, so what it refuses is only logged. */
  readonly onlyWarns: boolean;
}

/** Lists that can refuse a client and let nobody relay, and what a table by itself means there. */
const refusing = new Map([
  ['smtpd_client_restrictions', 'check_client_access'],
  ['smtpd_helo_restrictions', 'check_helo_access'],
  ['smtpd_sender_restrictions', 'check_sender_access'],
  ['smtpd_data_restrictions', ''],
  ['smtpd_end_of_data_restrictions', ''],
]);

export function addRestrictions(
  out: Collector,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  parentMatches: boolean,
): void {
  const hasMxNetworks = (main.parameters.get('permit_mx_backup_networks')?.value ?? '') !== '';
  const reader = new RestrictionReader(out, parentMatches, classesOf(main, known), hasMxNetworks);
  for (const name of refusing.keys()) {
    const parameter = main.parameters.get(name);
    if (parameter) reader.read(name, restrictionsOf(parameter, main, known, out), false);
  }
  const relay = main.parameters.get('smtpd_relay_restrictions');
  const recipient = main.parameters.get('smtpd_recipient_restrictions');
  for (const parameter of [relay, recipient]) {
    if (!parameter) continue;
    // smtpd_relay_restrictions decide about relaying; a permit in smtpd_recipient_restrictions then lets nobody relay.
    const decidesRelaying = parameter === relay || isRelayListEmpty(main, known);
    reader.read(parameter.name, restrictionsOf(parameter, main, known, out), decidesRelaying);
  }
}

/** Releases before 2.10 had no smtpd_relay_restrictions, and below level 1 later ones act as they did. */
function isRelayListEmpty(main: MainCf, known: ReadonlyMap<string, string>): boolean {
  const parameter = main.parameters.get('smtpd_relay_restrictions');
  return parameter ? parameter.value === '' : compareLevels(levelOf(main, known), '1') < 0;
}

export function levelOf(main: MainCf, known: ReadonlyMap<string, string>): string {
  const level = expand('$compatibility_level', main, known);
  return 'value' in level ? level.value : '0';
}

function classesOf(main: MainCf, known: ReadonlyMap<string, string>): ReadonlySet<string> {
  const parameter = main.parameters.get('smtpd_restriction_classes');
  const expanded = parameter && expand(parameter.value, main, known);
  return new Set(expanded && 'value' in expanded ? wordsOf(expanded.value) : []);
}

/** Names with their arguments; a restriction class is not looked into. */
function restrictionsOf(
  parameter: Parameter,
  main: MainCf,
  known: ReadonlyMap<string, string>,
  out: Collector,
): Restriction[] {
  const found = elementsOf(parameter).flatMap((element) => {
    const item: SourceItem = { line: element.line, text: element.text };
    const expanded = expand(element.text, main, known);
    if ('unset' in expanded) {
      out.remark('postfix-variable', item, expanded.unset);
      return [];
    }
    return wordsOf(expanded.value).map((word) => ({ word, item }));
  });
  return parseRestrictions(parameter.name, found);
}

function parseRestrictions(list: string, found: readonly { word: string; item: SourceItem }[]): Restriction[] {
  const restrictions: Restriction[] = [];
  let onlyWarns = false;
  for (let i = 0; i < found.length; i++) {
    const { word, item } = found[i] as (typeof found)[number];
    if (word === 'warn_if_reject') {
      onlyWarns = true;
      continue;
    }
    const bare = /^[a-z0-9_-]+:./.test(word);
    const takesArgument =
      /^(?:check_\w+|reject_rbl_client|reject_rhsbl_\w+|permit_dnswl_client|permit_rhswl_client|sleep)$/.test(word);
    const name = bare ? (refusing.get(list) ?? 'check_recipient_access') : word.toLowerCase();
    const argument = bare ? word : takesArgument ? found[++i]?.word : undefined;
    restrictions.push({ name, item, onlyWarns, ...(argument === undefined ? {} : { argument }) });
    onlyWarns = false;
  }
  return restrictions;
}

class RestrictionReader {
  constructor(
    private readonly out: Collector,
    private readonly parentMatches: boolean,
    private readonly classes: ReadonlySet<string>,
    private readonly hasMxNetworks: boolean,
  ) {}

  /**
   * Reads every table of clients and of recipients; in Postfix a permit before it exempts the client from it, and here it
   * does not. Adds a remark for each restriction with a rule of its own. `relays`: whether a client that the list permits
   * may relay, until strangers are refused.
   */
  read(list: string, restrictions: readonly Restriction[], relays: boolean): void {
    let open = relays;
    const permits: string[] = [];
    for (const [place, restriction] of restrictions.entries()) {
      const { name, argument, item } = restriction;
      const whole: SourceItem = { ...item, text: [name, argument].filter(Boolean).join(' ') };
      const chain = chainOf(this.out.context.file, { series: list, place });
      if (restriction.onlyWarns && !name.startsWith('permit')) {
        this.out.remark('postfix-warns-only', whole);
      } else if (name === 'check_client_access' && argument !== undefined) {
        if (permits.length > 0) this.out.remark('postfix-client-order', whole, permits.join(', '));
        this.table('client-access', argument, whole, chain, open);
      } else if (name === 'check_recipient_access' && argument !== undefined) {
        this.table('recipient-access', argument, whole, { ...chain, overruling: 'postfix-not-delivered' }, open);
      } else if (name.startsWith('permit')) {
        permits.push(name);
        this.permit(list, name, whole, open);
      } else if (refusesStrangers.has(name)) {
        open = false;
        if (isOutright(name) && refusing.has(list)) this.out.remark('postfix-refuses-all', item);
      } else {
        this.other(name, argument, whole, open);
      }
    }
  }

  private other(name: string, argument: string | undefined, item: SourceItem, open: boolean): void {
    const mayPermit = this.classes.has(name) || name.startsWith('check_');
    const { plugin, suggestions } = checkBy(name, argument);
    for (const suggestion of suggestions) this.out.suggest(suggestion, item);
    if (mayPermit && open) this.out.remark('postfix-permits', item, item.text);
    else if (name === 'reject_unverified_recipient') this.out.remark('postfix-unverified', item);
    else if (mayPermit || name.startsWith('reject_')) this.out.remark('postfix-check', item, plugin);
    else if (!harmless.has(name)) this.out.remark('postfix-restriction', item);
  }

  private table(
    use: 'client-access' | 'recipient-access',
    table: string,
    item: SourceItem,
    chain: Chain,
    okRelays: boolean,
  ): void {
    const position: Position = {
      ...{ chain, order: [chain.place], negated: false, parentMatches: this.parentMatches, okRelays },
    };
    if (!addTable(this.out, use, table, item, position)) this.out.remark('map-unreadable', item, table);
  }

  private permit(list: string, name: string, item: SourceItem, open: boolean): void {
    if (name === 'permit_sasl_authenticated') {
      if (!refusing.has(list)) this.out.remark('postfix-auth', item);
    } else if (name === 'permit_dnswl_client') {
      for (const suggestion of checkBy(name, item.text.split(' ')[1]).suggestions) this.out.suggest(suggestion, item);
      if (open) this.out.remark('postfix-permits', item, item.text);
      else this.out.remark('postfix-exempting', item);
    } else if (!open) return;
    else if (name === 'permit') this.out.remark('postfix-unrestricted', item);
    else if (name === 'permit_mx_backup') {
      // With networks these are carried over.
      if (!this.hasMxNetworks) this.out.remark('postfix-mx-backup', item);
    } else if (name !== 'permit_mynetworks' && name !== 'permit_auth_destination')
      this.out.remark('postfix-permits', item, item.text);
  }
}

/** The restriction that keeps mynetworks or relay_domains from permitting, if there is one. */
export interface Obstacles {
  readonly mynetworks?: string;
  readonly relayDomains?: string;
  readonly mxBackup?: string;
}

/** Every list must let a recipient pass; one that is not set lets it pass like Postfix's default. */
export function obstaclesTo(main: MainCf, known: ReadonlyMap<string, string>): Obstacles {
  const found: { mynetworks?: string; relayDomains?: string; mxBackup?: string } = {};
  let permits = false;
  for (const list of ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions', ...refusing.keys()]) {
    const parameter = main.parameters.get(list);
    const expanded = parameter && expand(parameter.value, main, known);
    if (!expanded || !('value' in expanded)) continue;
    const item: SourceItem = { line: 1, text: '' };
    const words = withClasses(wordsOf(expanded.value), main, known);
    const names = parseRestrictions(
      list,
      words.map((word) => ({ word, item })),
    )
      .filter(({ onlyWarns }) => !onlyWarns)
      .map(({ name }) => name);
    const before = (place: number, ...permits: string[]) =>
      names.slice(0, place).some((word) => word === 'permit' || permits.includes(word));
    const refusal = names.findIndex((word) => refusesStrangers.has(word));
    const outright = names.findIndex(isOutright);
    permits ||= names.includes('permit_mx_backup');
    if (refusal >= 0 && !before(refusal, 'permit_mx_backup')) found.mxBackup ??= `${names[refusal]} in ${list}`;
    if (refusal >= 0 && !before(refusal, 'permit_mynetworks')) found.mynetworks ??= `${names[refusal]} in ${list}`;
    if (outright >= 0 && !before(outright, 'permit_auth_destination')) {
      found.relayDomains ??= `${names[outright]} in ${list}`;
    }
  }
  if (!permits) found.mxBackup ??= 'no permit_mx_backup';
  return found;
}

/** The restrictions of a class stand where the class does. */
function withClasses(names: readonly string[], main: MainCf, known: ReadonlyMap<string, string>, depth = 0): string[] {
  const classes = classesOf(main, known);
  return names.flatMap((name) => {
    const parameter = classes.has(name) && depth < 5 ? main.parameters.get(name) : undefined;
    const expanded = parameter && expand(parameter.value, main, known);
    return expanded && 'value' in expanded ? withClasses(wordsOf(expanded.value), main, known, depth + 1) : [name];
  });
}

/** It refuses whomever nothing before it permits. */
export function isOutright(name: string): boolean {
  return name === 'reject' || name === 'defer';
}

const refusesStrangers = new Set([
  'reject_unauth_destination',
  'defer_unauth_destination',
  'check_relay_domains',
  'reject',
  'defer',
]);

/** They refuse nobody who is not refused anyway. */
const harmless = new Set(['defer_if_permit', 'defer_if_reject', 'sleep', 'dunno']);
