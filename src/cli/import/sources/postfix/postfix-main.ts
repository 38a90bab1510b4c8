/**
 * Postfix's main.cf (postconf(5)): who may relay, where to, what is local, and who is refused; and the tables that it
 * names for these. Postfix's lists go by the first match, so every entry keeps its order for `resolvePolicy`.
 */
import { words } from '../../../../policy/settings/setting-kinds';
import { Collector, type SourceItem } from '../../collector';
import { type Chain, chainOf, type ListName, type Position, type ReaderContext, type Reading } from '../../site-policy';
import {
  addAddress,
  addName,
  addressOf,
  mynetworksChain,
  recipientsChain,
  relayDomainsChain,
} from './postfix-patterns';
import { addRestrictions, obstaclesTo } from './postfix-restrictions';
import { addTable, type TableUse } from './postfix-table-reference';
import { type Element, elementsOf, expand, type MainCf, type Parameter, readParameters } from './postfix-values';

/** postconf(5): the default of parent_domain_matches_subdomains, as far as it matters here. */
const parentMatchesByDefault = ['mynetworks', 'relay_domains', 'smtpd_access_maps'];

export function readPostfixMain(text: string, context: ReaderContext): Reading {
  const out = new Collector(context);
  const main = readParameters(text);
  for (const { line, text } of main.bad) out.remark('postfix-syntax', { line, text });
  const reader = new MainReader(out, main, knownValues(main, context));
  reader.mynetworks();
  reader.relayDomains();
  reader.destinations();
  reader.privacy();
  reader.restrictions();
  return out;
}

/** What main.cf need not set: this host's name, and what Postfix derives from it. */
function knownValues(main: MainCf, context: ReaderContext): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const folder = /^(.*)\/[^/]*$/.exec(context.file)?.[1] ?? '.';
  known.set('config_directory', folder);
  if (context.hostName) known.set('myhostname', context.hostName);
  const host = expand('$myhostname', main, known);
  if ('value' in host && host.value.includes('.')) {
    known.set('mydomain', host.value.slice(host.value.indexOf('.') + 1));
  }
  known.set('mydestination', '$myhostname, localhost.$mydomain, localhost');
  return known;
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
    const parameter = this.main.parameters.get('mynetworks');
    if (!parameter) {
      const style = this.main.parameters.get('mynetworks_style');
      const item = style ? itemOf(style) : { line: 1, text: 'mynetworks' };
      this.out.remark('postfix-mynetworks-unset', item, style ? style.source.text : 'mynetworks_style');
      return;
    }
    const obstacle = obstaclesTo(this.main, this.known).mynetworks;
    if (obstacle !== undefined) {
      this.out.remark('postfix-mynetworks-unused', itemOf(parameter), obstacle);
      return;
    }
    const parentMatches = this.parentMatches('mynetworks');
    const chain = mynetworksChain(this.out.context.file);
    const addPattern: Use = (text, item, order, negated) => {
      if (this.table('mynetworks', text, item, { chain, order, negated, parentMatches })) return;
      const address = addressOf(text);
      if (address !== undefined) addAddress(this.out, 'localip', address, item, { negated, chain, order });
      else addName(this.out, 'localdomain', text, item, { negated, chain, order }, parentMatches);
    };
    this.each(parameter, addPattern, { list: 'localip', chain });
  }

  relayDomains(): void {
    const parameter = this.main.parameters.get('relay_domains');
    const obstacle = obstaclesTo(this.main, this.known).relayDomains;
    if (parameter && parameter.value !== '' && obstacle !== undefined) {
      this.out.remark('postfix-relay-domains-unused', itemOf(parameter), obstacle);
      return;
    }
    const recipients = this.main.parameters.get('relay_recipient_maps');
    const isGate = recipients !== undefined && recipients.value !== '';
    if (isGate) this.recipientMaps(recipients);
    if (!parameter) return;
    const parentMatches = this.parentMatches('relay_domains');
    const chain = relayDomainsChain(this.out.context.file, isGate);
    const addPattern: Use = (text, item, order, negated) => {
      // `relay_domains = $mydestination` was a default once; those domains are local.
      if (!negated && this.isLocal(text)) return;
      if (this.table('relay-domains', text, item, { chain, order, negated, parentMatches })) return;
      addName(this.out, 'relay.to', text, item, { negated, chain, order }, parentMatches);
    };
    this.each(parameter, addPattern, { list: 'relay.to', chain });
    const transports = this.main.parameters.get('transport_maps');
    if (transports) {
      const parents = this.parentMatches('transport_maps');
      this.each(transports, (text, item, order, negated) => {
        this.table('transport', text, item, { chain, order, negated, parentMatches: parents });
      });
    }
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

  destinations(): void {
    const parameter = this.main.parameters.get('mydestination') ?? this.defaultDestinations();
    if (parameter) {
      const chain = chainOf(this.out.context.file);
      this.each(parameter, (text, item, order, negated) => {
        if (this.table('destination', text, item, { chain, order, negated, parentMatches: false })) return;
        if (negated) this.out.remark('not-a-host-name', item);
        else this.out.addLocalName(text, item);
      });
    }
    for (const name of ['virtual_mailbox_domains', 'virtual_alias_domains', 'virtual_alias_maps']) {
      const virtual = this.main.parameters.get(name);
      if (virtual && virtual.value !== '') this.out.remark('postfix-virtual', itemOf(virtual));
    }
  }

  /** Postfix's default, said at the line that names the host. */
  private defaultDestinations(): Parameter | undefined {
    const host = this.main.parameters.get('myhostname');
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
    const helo = this.main.parameters.get('smtpd_helo_required');
    const vrfy = this.main.parameters.get('disable_vrfy_command');
    const flags = ['noexpn'];
    if (this.isYes(helo)) flags.unshift('needmailhelo');
    if (this.isYes(vrfy)) flags.push('novrfy');
    if (flags.length > 1) this.out.set({ key: 'flags', value: flags }, (helo ?? vrfy)?.source.line ?? 1);
  }

  restrictions(): void {
    addRestrictions(this.out, this.main, this.known, this.parentMatches('smtpd_access_maps'));
    const relayhost = this.main.parameters.get('relayhost');
    if (relayhost && relayhost.value !== '') this.out.remark('smart-host', itemOf(relayhost));
  }

  private isYes(parameter: Parameter | undefined): boolean {
    return parameter !== undefined && /^yes$/i.test(parameter.value);
  }

  private isLocal(text: string): boolean {
    const expanded = expand('$mydestination', this.main, this.known);
    return 'value' in expanded && words(expanded.value).includes(text);
  }

  private parentMatches(feature: string): boolean {
    const parameter = this.main.parameters.get('parent_domain_matches_subdomains');
    return (parameter ? elementsOf(parameter).map((element) => element.text) : parentMatchesByDefault).includes(
      feature,
    );
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
      for (const word of words(expanded.value)) {
        const negated = word.startsWith('!');
        use(negated ? word.slice(1) : word, item, [place++], negated);
      }
    }
  }

  private table(use: TableUse, text: string, item: SourceItem, position: Position): boolean {
    return addTable(this.out, use, text, item, position);
  }
}

function itemOf(parameter: Parameter): SourceItem {
  return { line: parameter.source.line, text: parameter.source.text };
}

/** The comments above a parameter go with its first element. */
function itemAt(parameter: Parameter, element: Element, first: boolean): SourceItem {
  return { line: element.line, text: element.text, comments: first ? parameter.source.comments : [] };
}
