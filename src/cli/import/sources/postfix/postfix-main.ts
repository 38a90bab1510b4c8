/**
 * Postfix's main.cf (postconf(5)), or what `postconf -n` prints of it: who may relay, where to, what is local, and who is
 * refused; and the tables that it names for these. Postfix's lists go by the first match, so every entry keeps its order
 * for `resolvePolicy`. Every other parameter that is set has its remark, or none of it is about who may send.
 */

import { Collector, type SourceItem } from '../../collector';
import { chainOf, type Position, type ReaderContext, type Reading } from '../../site-policy';
import { m4, readTemplate } from '../template';
import { folderOf, itemOf, knownValues, PostfixConfig, type Use } from './postfix-config';
import { addRecipientLimit } from './postfix-limits';
import { addMxBackup } from './postfix-mx-backup';
import { addOtherParameters } from './postfix-other-parameters';
import { addName, mynetworksChain, recipientsChain, relayDomainsChain } from './postfix-patterns';
import { addRestrictions, levelOf, obstaclesTo } from './postfix-restrictions';
import { parseTable, type TableUse } from './postfix-table-reference';
import { addClientPattern, addTable } from './postfix-tables';
import { transportChain } from './postfix-transport';
import { compareLevels, expand, type Parameter, readParameters, wordsOf } from './postfix-values';

export function readPostfixMain(text: string, context: ReaderContext): Reading {
  const template = readTemplate(text, context, m4);
  if (template) return template;
  const out = new Collector(context);
  const main = readParameters(text);
  for (const { line, text } of main.bad) out.remark('postfix-syntax', { line, text });
  const config = new PostfixConfig(out, main, knownValues(main, context));
  const reader = new MainReader(out, config);
  reader.mynetworks();
  reader.relayDomains();
  reader.transports();
  reader.destinations();
  addMxBackup(out, config);
  reader.privacy();
  reader.restrictions();
  reader.postscreen();
  addRecipientLimit(out, config);
  addOtherParameters(out, config);
  const first = [...main.parameters.values()][0];
  if (first) out.refer('postfix-master', `${folderOf(context.file)}master.cf`, itemOf(first), { optional: true });
  return out;
}

class MainReader {
  constructor(
    private readonly out: Collector,
    private readonly config: PostfixConfig,
  ) {}

  mynetworks(): void {
    const parameter = this.config.parameter('mynetworks');
    if (!parameter) {
      const style = this.config.parameter('mynetworks_style');
      const item = style ? itemOf(style) : { line: 1, text: 'mynetworks' };
      this.out.remark('postfix-mynetworks-unset', item, style ? style.source.text : 'mynetworks_style');
      return;
    }
    const obstacle = obstaclesTo(this.config.main, this.config.known).mynetworks;
    if (obstacle !== undefined) {
      this.out.remark('postfix-mynetworks-unused', itemOf(parameter), obstacle);
      return;
    }
    const chain = mynetworksChain(this.out.context.file);
    const position = {
      chain,
      parentMatches: this.config.parentMatches('mynetworks'),
      ...(this.config.valueOf('smtpd_peername_lookup') === 'no' ? { keys: 'addresses' as const } : {}),
    };
    const addPattern: Use = (text, item, order, negated) => {
      if (this.table('mynetworks', text, item, { ...position, order, negated })) return;
      addClientPattern(this.out, text, item, { ...position, order, negated });
    };
    this.config.each(parameter, addPattern, { list: 'localip', chain });
  }

  relayDomains(): void {
    const parameter = this.config.parameter('relay_domains');
    const obstacle = obstaclesTo(this.config.main, this.config.known).relayDomains;
    if (parameter && parameter.value !== '' && obstacle !== undefined) {
      this.out.remark('postfix-relay-domains-unused', itemOf(parameter), obstacle);
      return;
    }
    const recipients = this.config.parameter('relay_recipient_maps');
    const isGate = recipients !== undefined && recipients.value !== '' && !this.takesAny(recipients);
    if (isGate) this.recipientMaps(recipients);
    if (!parameter) {
      if (obstacle === undefined) this.belowOwnDomains();
      return;
    }
    const parentMatches = this.config.parentMatches('relay_domains');
    const chain = relayDomainsChain(this.out.context.file, isGate);
    const addPattern: Use = (text, item, order, negated) => {
      // Of a local domain the names below it are relayed to, if any are.
      if (!negated && this.config.isLocal(text) && (!parentMatches || isLocalhost(text))) return;
      if (this.table('relay-domains', text, item, { chain, order, negated, parentMatches })) return;
      addName(this.out, 'relay.to', text, item, { negated, chain, order }, parentMatches);
    };
    this.config.each(parameter, addPattern, { list: 'relay.to', chain });
  }

  /** Below level 2 relay_domains has the default $mydestination. */
  private belowOwnDomains(): void {
    if (
      compareLevels(levelOf(this.config.main, this.config.known), '2') >= 0 ||
      !this.config.parentMatches('relay_domains')
    )
      return;
    const local = expand('$mydestination', this.config.main, this.config.known);
    if (!('value' in local) || wordsOf(local.value).every(isLocalhost)) return;
    const basis = this.config.parameter('compatibility_level') ?? this.config.parameter('mydestination');
    this.out.remark('postfix-relay-default', basis ? itemOf(basis) : { line: 1, text: 'relay_domains' });
  }

  /** `static:…` finds any recipient. */
  private takesAny(parameter: Parameter): boolean {
    const expanded = expand(parameter.value, this.config.main, this.config.known);
    return 'value' in expanded && wordsOf(expanded.value).some((word) => /^(?:proxy:)?static:/.test(word));
  }

  private recipientMaps(parameter: Parameter): void {
    this.out.remark('postfix-trusted-recipients', itemOf(parameter));
    const chain = recipientsChain(this.out.context.file);
    this.config.each(parameter, (text, item, order, negated) => {
      if (negated || !this.table('relay-recipients', text, item, { chain, order, negated, parentMatches: false })) {
        this.out.remark('map-unreadable', item, text);
      }
    });
  }

  transports(): void {
    const chain = relayDomainsChain(this.out.context.file);
    const maps = this.config.parameter('transport_maps');
    const parentMatches = this.config.parentMatches('transport_maps');
    if (maps) {
      this.config.each(maps, (text, item, order, negated) => {
        if (!this.table('transport', text, item, { chain, order, negated, parentMatches })) {
          this.out.remark('map-unreadable', item, text);
        }
      });
    }
    const relay = this.config.undeliverable('relay_transport');
    if (relay) this.out.addBarrier('relay.to', transportChain(chain.server), [], relay);
    const route = this.config.relayRoute();
    if (route) this.out.addRoute({ domain: '*', subdomains: true, route: route.text }, route.item);
    const others = this.config.undeliverable('default_transport');
    if (others) this.out.addBarrier('localip', mynetworksChain(chain.server), [-1], others);
  }

  destinations(): void {
    const parameter = this.config.parameter('mydestination') ?? this.defaultDestinations();
    if (parameter && !this.config.undeliverable('local_transport')) this.localDomains('destination', parameter);
    const mailboxes = this.config.parameter('virtual_mailbox_domains') ?? this.config.parameter('virtual_mailbox_maps');
    const aliases = this.config.parameter('virtual_alias_domains') ?? this.aliasMaps();
    if (mailboxes && !this.config.undeliverable('virtual_transport')) this.virtualDomains(mailboxes);
    if (aliases) this.virtualDomains(aliases);
    const maps = this.aliasMaps();
    if (maps && maps.value !== '') this.out.remark('postfix-rewrite', itemOf(maps));
  }

  private aliasMaps(): Parameter | undefined {
    return this.config.parameter('virtual_alias_maps') ?? this.config.parameter('virtual_maps');
  }

  private virtualDomains(parameter: Parameter): void {
    if (parameter.value === '') return;
    let isListed = false;
    this.config.each(parameter, (text) => {
      const table = parseTable('virtual', text);
      // The reader of a table adds the remark itself, at the first domain of the table.
      if (!table || (table.kind === 'file' && table.form === 'file')) isListed = true;
    });
    this.localDomains('virtual', parameter);
    if (isListed) this.out.remark('postfix-virtual', itemOf(parameter));
  }

  private localDomains(use: 'destination' | 'virtual', parameter: Parameter): void {
    const chain = chainOf(this.out.context.file);
    this.config.each(parameter, (text, item, order, negated) => {
      if (this.table(use, text, item, { chain, order, negated, parentMatches: false })) return;
      if (negated) this.out.remark('not-a-host-name', item);
      else this.out.addLocalName(text, item);
    });
  }

  /** Postfix's default, with the line that names the host as its source. */
  private defaultDestinations(): Parameter | undefined {
    const host = this.config.parameter('myhostname');
    const line = host?.source.line ?? 1;
    const text = 'mydestination = $myhostname, localhost.$mydomain, localhost';
    if (!host && !this.config.known.has('myhostname')) {
      this.out.remark('postfix-variable', { line: 1, text: 'mydestination' }, '$myhostname');
      return undefined;
    }
    return {
      name: 'mydestination',
      value: this.config.known.get('mydestination') ?? '',
      source: { line, text, comments: [], parts: [{ line, text }] },
    };
  }

  /** Postfix has no EXPN at all. */
  privacy(): void {
    const helo = this.config.parameter('smtpd_helo_required');
    const vrfy = this.config.parameter('disable_vrfy_command');
    const flags = ['noexpn'];
    if (this.config.isYes(helo)) flags.unshift('needmailhelo');
    if (this.config.isYes(vrfy)) flags.push('novrfy');
    if (flags.length > 1) this.out.set({ key: 'flags', value: flags }, (helo ?? vrfy)?.source.line ?? 1);
  }

  restrictions(): void {
    addRestrictions(this.out, this.config.main, this.config.known, this.config.parentMatches('smtpd_access_maps'));
  }

  /** Whom postscreen's list refuses never gets to the SMTP server. */
  postscreen(): void {
    const parameter = this.config.parameter('postscreen_access_list');
    if (!parameter) return;
    const enforces = /^(?:enforce|drop)$/i.test(this.config.valueOf('postscreen_denylist_action') ?? '');
    const permits: string[] = [];
    this.config.each(parameter, (text, item, order, negated) => {
      if (/^permit/i.test(text)) {
        permits.push(text);
        return;
      }
      if (!enforces) {
        this.out.remark('postfix-denylist-ignored', item);
        return;
      }
      if (permits.length > 0) this.out.remark('postfix-client-order', item, permits.join(', '));
      const chain = chainOf(this.out.context.file, { series: 'postscreen_access_list', place: order[0] ?? 0 });
      const position: Position = { chain, order, negated, parentMatches: true, keys: 'addresses' };
      if (negated || !this.table('client-access', text, item, position)) this.out.remark('map-unreadable', item, text);
    });
  }

  private table(use: TableUse, text: string, item: SourceItem, position: Position): boolean {
    return addTable(this.out, use, text, item, position);
  }
}

function isLocalhost(name: string): boolean {
  return /^localhost(?:\.|$)/i.test(name);
}
