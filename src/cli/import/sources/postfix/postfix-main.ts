/**
 * Postfix's main.cf (postconf(5)), or what `postconf -n` prints of it: who may relay, where to, what is local, and who is
 * refused; and the tables that it names for these. Postfix's lists go by the first match, so every entry keeps its order
 * for `resolvePolicy`. Every other parameter that is set has its remark, or none of it is about who may send.
 */
import { Collector, type SourceItem } from '../../collector';
import { type Chain, chainOf, type ListName, type Position, type ReaderContext, type Reading } from '../../site-policy';
import { suggestionsFor } from './postfix-checks';
import { classOf, parameterDefaults } from './postfix-parameters';
import { addName, mynetworksChain, recipientsChain, relayDomainsChain } from './postfix-patterns';
import { addRestrictions, levelOf, obstaclesTo } from './postfix-restrictions';
import { parseTable, type TableUse } from './postfix-table-reference';
import { addClientPattern, addTable } from './postfix-tables';
import { templateLineIn } from './postfix-template';
import { deliveryBy, transportChain } from './postfix-transport';
import {
  compareLevels,
  type Element,
  elementsOf,
  expand,
  type MainCf,
  type Parameter,
  readParameters,
  wordsOf,
} from './postfix-values';

export function readPostfixMain(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const template = templateLineIn(text);
  if (template) {
    out.remark('postfix-template', template);
    return out;
  }
  const main = readParameters(text);
  for (const { line, text } of main.bad) out.remark('postfix-syntax', { line, text });
  const reader = new MainReader(out, main, knownValues(main, context));
  reader.mynetworks();
  reader.relayDomains();
  reader.transports();
  reader.destinations();
  reader.privacy();
  reader.restrictions();
  reader.postscreen();
  reader.otherParameters();
  const first = [...main.parameters.values()][0];
  if (first) out.refer('postfix-master', `${folderOf(context.file)}master.cf`, itemOf(first), { optional: true });
  return out;
}

/** What main.cf need not set: Postfix's defaults, this host's name, and what Postfix derives from it. */
function knownValues(main: MainCf, context: ReaderContext): ReadonlyMap<string, string> {
  const known = new Map(parameterDefaults);
  const folder = folderOf(context.file);
  // A table is looked for beside main.cf first, so for a copy the usual folder will do.
  known.set('config_directory', folder.startsWith('/') ? folder.slice(0, -1) : '/etc/postfix');
  if (context.hostName) known.set('myhostname', context.hostName);
  const host = expand('$myhostname', main, known);
  if ('value' in host && host.value.includes('.')) {
    known.set('mydomain', host.value.slice(host.value.indexOf('.') + 1));
  }
  known.set('mydestination', '$myhostname, localhost.$mydomain, localhost');
  return known;
}

/** With its slash; empty where the file has none. */
function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}

/** Takes one element of a list value. */
type Use = (text: string, item: SourceItem, order: readonly number[], negated: boolean) => void;

class MainReader {
  constructor(
    private readonly out: Collector,
    private readonly main: MainCf,
    private readonly known: ReadonlyMap<string, string>,
  ) {}

  mynetworks(): void {
    const parameter = this.parameter('mynetworks');
    if (!parameter) {
      const style = this.parameter('mynetworks_style');
      const item = style ? itemOf(style) : { line: 1, text: 'mynetworks' };
      this.out.remark('postfix-mynetworks-unset', item, style ? style.source.text : 'mynetworks_style');
      return;
    }
    const obstacle = obstaclesTo(this.main, this.known).mynetworks;
    if (obstacle !== undefined) {
      this.out.remark('postfix-mynetworks-unused', itemOf(parameter), obstacle);
      return;
    }
    const chain = mynetworksChain(this.out.context.file);
    const position = {
      chain,
      parentMatches: this.parentMatches('mynetworks'),
      ...(this.valueOf('smtpd_peername_lookup') === 'no' ? { keys: 'addresses' as const } : {}),
    };
    const addPattern: Use = (text, item, order, negated) => {
      if (this.table('mynetworks', text, item, { ...position, order, negated })) return;
      addClientPattern(this.out, text, item, { ...position, order, negated });
    };
    this.each(parameter, addPattern, { list: 'localip', chain });
  }

  relayDomains(): void {
    const parameter = this.parameter('relay_domains');
    const obstacle = obstaclesTo(this.main, this.known).relayDomains;
    if (parameter && parameter.value !== '' && obstacle !== undefined) {
      this.out.remark('postfix-relay-domains-unused', itemOf(parameter), obstacle);
      return;
    }
    const recipients = this.parameter('relay_recipient_maps');
    const isGate = recipients !== undefined && recipients.value !== '' && !this.takesAny(recipients);
    if (isGate) this.recipientMaps(recipients);
    if (!parameter) {
      if (obstacle === undefined) this.belowOwnDomains();
      return;
    }
    const parentMatches = this.parentMatches('relay_domains');
    const chain = relayDomainsChain(this.out.context.file, isGate);
    const addPattern: Use = (text, item, order, negated) => {
      // Of a local domain the names below it are relayed to, if any are.
      if (!negated && this.isLocal(text) && (!parentMatches || isLocalhost(text))) return;
      if (this.table('relay-domains', text, item, { chain, order, negated, parentMatches })) return;
      addName(this.out, 'relay.to', text, item, { negated, chain, order }, parentMatches);
    };
    this.each(parameter, addPattern, { list: 'relay.to', chain });
  }

  /** Below level 2 relay_domains has the default $mydestination. */
  private belowOwnDomains(): void {
    if (compareLevels(levelOf(this.main, this.known), '2') >= 0 || !this.parentMatches('relay_domains')) return;
    const local = expand('$mydestination', this.main, this.known);
    if (!('value' in local) || wordsOf(local.value).every(isLocalhost)) return;
    const said = this.parameter('compatibility_level') ?? this.parameter('mydestination');
    this.out.remark('postfix-relay-default', said ? itemOf(said) : { line: 1, text: 'relay_domains' });
  }

  /** `static:…` finds any recipient. */
  private takesAny(parameter: Parameter): boolean {
    const expanded = expand(parameter.value, this.main, this.known);
    return 'value' in expanded && wordsOf(expanded.value).some((word) => /^(?:proxy:)?static:/.test(word));
  }

  private recipientMaps(parameter: Parameter): void {
    this.out.remark('postfix-trusted-recipients', itemOf(parameter));
    const chain = recipientsChain(this.out.context.file);
    this.each(parameter, (text, item, order, negated) => {
      if (negated || !this.table('relay-recipients', text, item, { chain, order, negated, parentMatches: false })) {
        this.out.remark('map-unreadable', item, text);
      }
    });
  }

  transports(): void {
    const chain = relayDomainsChain(this.out.context.file);
    const maps = this.parameter('transport_maps');
    const parentMatches = this.parentMatches('transport_maps');
    if (maps) {
      this.each(maps, (text, item, order, negated) => {
        if (!this.table('transport', text, item, { chain, order, negated, parentMatches })) {
          this.out.remark('map-unreadable', item, text);
        }
      });
    }
    const relay = this.undeliverable('relay_transport');
    if (relay) this.out.addBarrier('relay.to', transportChain(chain.server), [], relay);
    const route = this.relayRoute();
    if (route) this.out.addRoute({ domain: '*', subdomains: true, route: route.text }, route.item);
    const others = this.undeliverable('default_transport');
    if (others) this.out.addBarrier('localip', mynetworksChain(chain.server), [-1], others);
  }

  /** The next hop of all that is relayed to and has no transport of its own. */
  private relayRoute(): { text: string; item: SourceItem } | undefined {
    const parameter = this.parameter('relay_transport');
    if (!parameter) return undefined;
    const delivery = deliveryBy(this.valueOf(parameter.name) ?? '');
    return delivery.kind === 'route' ? { text: delivery.route, item: itemOf(parameter) } : undefined;
  }

  /** The line of a transport that delivers nothing. */
  private undeliverable(name: string): SourceItem | undefined {
    const parameter = this.parameter(name);
    return parameter && deliveryBy(this.valueOf(name) ?? '').kind === 'undeliverable' ? itemOf(parameter) : undefined;
  }

  destinations(): void {
    const parameter = this.parameter('mydestination') ?? this.defaultDestinations();
    if (parameter && !this.undeliverable('local_transport')) this.localDomains('destination', parameter);
    const mailboxes = this.parameter('virtual_mailbox_domains') ?? this.parameter('virtual_mailbox_maps');
    const aliases = this.parameter('virtual_alias_domains') ?? this.aliasMaps();
    if (mailboxes && !this.undeliverable('virtual_transport')) this.virtualDomains(mailboxes);
    if (aliases) this.virtualDomains(aliases);
    const maps = this.aliasMaps();
    if (maps && maps.value !== '') this.out.remark('postfix-rewrite', itemOf(maps));
  }

  private aliasMaps(): Parameter | undefined {
    return this.parameter('virtual_alias_maps') ?? this.parameter('virtual_maps');
  }

  private virtualDomains(parameter: Parameter): void {
    if (parameter.value === '') return;
    let isListed = false;
    this.each(parameter, (text) => {
      const table = parseTable('virtual', text);
      // A table says so at its first domain, if it has any.
      if (!table || (table.kind === 'file' && table.form === 'file')) isListed = true;
    });
    this.localDomains('virtual', parameter);
    if (isListed) this.out.remark('postfix-virtual', itemOf(parameter));
  }

  private localDomains(use: 'destination' | 'virtual', parameter: Parameter): void {
    const chain = chainOf(this.out.context.file);
    this.each(parameter, (text, item, order, negated) => {
      if (this.table(use, text, item, { chain, order, negated, parentMatches: false })) return;
      if (negated) this.out.remark('not-a-host-name', item);
      else this.out.addLocalName(text, item);
    });
  }

  /** Postfix's default, said at the line that names the host. */
  private defaultDestinations(): Parameter | undefined {
    const host = this.parameter('myhostname');
    const line = host?.source.line ?? 1;
    const text = 'mydestination = $myhostname, localhost.$mydomain, localhost';
    if (!host && !this.known.has('myhostname')) {
      this.out.remark('postfix-variable', { line: 1, text: 'mydestination' }, '$myhostname');
      return undefined;
    }
    return {
      name: 'mydestination',
      value: this.known.get('mydestination') ?? '',
      source: { line, text, comments: [], parts: [{ line, text }] },
    };
  }

  /** Postfix has no EXPN at all. */
  privacy(): void {
    const helo = this.parameter('smtpd_helo_required');
    const vrfy = this.parameter('disable_vrfy_command');
    const flags = ['noexpn'];
    if (this.isYes(helo)) flags.unshift('needmailhelo');
    if (this.isYes(vrfy)) flags.push('novrfy');
    if (flags.length > 1) this.out.set({ key: 'flags', value: flags }, (helo ?? vrfy)?.source.line ?? 1);
  }

  restrictions(): void {
    addRestrictions(this.out, this.main, this.known, this.parentMatches('smtpd_access_maps'));
  }

  /** Whom postscreen's list refuses never gets to the SMTP server. */
  postscreen(): void {
    const parameter = this.parameter('postscreen_access_list');
    if (!parameter) return;
    const enforces = /^(?:enforce|drop)$/i.test(this.valueOf('postscreen_denylist_action') ?? '');
    const permits: string[] = [];
    this.each(parameter, (text, item, order, negated) => {
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

  /** Whatever else is set, and is about who may send. */
  otherParameters(): void {
    const named = this.namedElsewhere();
    for (const parameter of this.main.parameters.values()) {
      const { name, value } = parameter;
      const found = classOf(name);
      if (found.kind === 'unknown' && !named.has(name)) this.out.remark('postfix-unknown', itemOf(parameter));
      if (found.kind !== 'reported' || found.quiet.includes(value) || this.isDefault(value, found.quiet[0])) continue;
      this.each(parameter, (text, item) => {
        const said = { ...item, text: `${name} = ${text}` };
        for (const suggestion of suggestionsFor(name, text)) this.out.suggest(suggestion, said);
      });
      // These have been looked at beside the parameters that they change.
      if (found.code === 'postfix-relay-default' || found.code === 'postfix-mynetworks-unset') continue;
      if (found.code === 'postfix-relay-transport' && this.relayRoute()) continue;
      const code = this.undeliverable(name) ? undeliverableCode(name) : found.code;
      this.out.remark(code, itemOf(parameter));
    }
  }

  /** Names of restriction classes, and names that a value refers to. */
  private namedElsewhere(): ReadonlySet<string> {
    const values = [...this.main.parameters.values()].map(({ value }) => value);
    const references = values.flatMap((value) => [...value.matchAll(/\$[{(]?\s*([A-Za-z0-9_]+)/g)]);
    const classes = wordsOf(this.valueOf('smtpd_restriction_classes') ?? '');
    return new Set([...references.map(([, name = '']) => name), ...classes]);
  }

  private isDefault(value: string, usual = ''): boolean {
    const [ours, theirs] = [value, usual].map((text) => expand(text, this.main, this.known));
    return ours !== undefined && theirs !== undefined && 'value' in ours && 'value' in theirs
      ? wordsOf(ours.value).join(' ') === wordsOf(theirs.value).join(' ')
      : false;
  }

  private parameter(name: string): Parameter | undefined {
    return this.main.parameters.get(name);
  }

  /** The value that is in force, as far as it is known. */
  private valueOf(name: string): string | undefined {
    const expanded = expand(`$${name}`, this.main, this.known);
    return 'value' in expanded ? expanded.value.trim() : undefined;
  }

  private isYes(parameter: Parameter | undefined): boolean {
    return parameter !== undefined && /^yes$/i.test(parameter.value);
  }

  private isLocal(text: string): boolean {
    const expanded = expand('$mydestination', this.main, this.known);
    return 'value' in expanded && wordsOf(expanded.value).includes(text);
  }

  private parentMatches(feature: string): boolean {
    return wordsOf(this.valueOf('parent_domain_matches_subdomains') ?? '').includes(feature);
  }

  /** Each element of a list value with its `$name`s replaced and its `!` taken off. */
  private each(parameter: Parameter, use: Use, permits?: { list: ListName; chain: Chain }): void {
    let place = 0;
    for (const element of elementsOf(parameter)) {
      const item = itemAt(parameter, element, place === 0);
      const expanded = expand(element.text, this.main, this.known);
      if ('unset' in expanded) {
        this.out.remark('postfix-variable', item, expanded.unset);
        if (permits && element.text.includes('!')) this.out.addBarrier(permits.list, permits.chain, [place], item);
        place++;
        continue;
      }
      for (const word of wordsOf(expanded.value)) {
        const negated = word.startsWith('!');
        use(negated ? word.slice(1) : word, item, [place++], negated);
      }
    }
  }

  private table(use: TableUse, text: string, item: SourceItem, position: Position): boolean {
    return addTable(this.out, use, text, item, position);
  }
}

function undeliverableCode(name: string) {
  return name === 'default_transport' ? 'postfix-nowhere' : 'postfix-undeliverable';
}

function isLocalhost(name: string): boolean {
  return /^localhost(?:\.|$)/i.test(name);
}

function itemOf(parameter: Parameter): SourceItem {
  return { line: parameter.source.line, text: parameter.source.text };
}

/** The comments above a parameter go with its first element. */
function itemAt(parameter: Parameter, element: Element, first: boolean): SourceItem {
  return { line: element.line, text: element.text, comments: first ? parameter.source.comments : [] };
}
