/** main.cf with what it need not set: the values that are in force, and lists element by element. */
import type { Collector, SourceItem } from '../../collector';
import type { Chain, ListName, ReaderContext } from '../../site-policy';
import { parameterDefaults } from './postfix-parameters';
import { deliveryBy } from './postfix-transport';
import { type Element, elementsOf, expand, type MainCf, type Parameter, wordsOf } from './postfix-values';

/** What main.cf need not set: Postfix's defaults, this host's name, and what Postfix derives from it. */
export function knownValues(main: MainCf, context: ReaderContext): ReadonlyMap<string, string> {
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
export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}

/** Takes one element of a list value. */
export type Use = (text: string, item: SourceItem, order: readonly number[], negated: boolean) => void;

export class PostfixConfig {
  constructor(
    private readonly out: Collector,
    readonly main: MainCf,
    readonly known: ReadonlyMap<string, string>,
  ) {}

  parameter(name: string): Parameter | undefined {
    return this.main.parameters.get(name);
  }

  /** The value that is in force, as far as it is known. */
  valueOf(name: string): string | undefined {
    const expanded = expand(`$${name}`, this.main, this.known);
    return 'value' in expanded ? expanded.value.trim() : undefined;
  }

  isYes(parameter: Parameter | undefined): boolean {
    return parameter !== undefined && /^yes$/i.test(parameter.value);
  }

  isLocal(text: string): boolean {
    const expanded = expand('$mydestination', this.main, this.known);
    return 'value' in expanded && wordsOf(expanded.value).includes(text);
  }

  parentMatches(feature: string): boolean {
    return wordsOf(this.valueOf('parent_domain_matches_subdomains') ?? '').includes(feature);
  }

  /** Each element of a list value with its `$name`s replaced and its `!` taken off. */
  each(parameter: Parameter, use: Use, permits?: { list: ListName; chain: Chain }): void {
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

  /** The line of a transport that delivers nothing. */
  undeliverable(name: string): SourceItem | undefined {
    const parameter = this.parameter(name);
    return parameter && deliveryBy(this.valueOf(name) ?? '').kind === 'undeliverable' ? itemOf(parameter) : undefined;
  }

  /** The next hop of all that is relayed to and has no transport of its own. */
  relayRoute(): { text: string; item: SourceItem } | undefined {
    const parameter = this.parameter('relay_transport');
    if (!parameter) return undefined;
    const delivery = deliveryBy(this.valueOf(parameter.name) ?? '');
    return delivery.kind === 'route' ? { text: delivery.route, item: itemOf(parameter) } : undefined;
  }
}

export function itemOf(parameter: Parameter): SourceItem {
  return { line: parameter.source.line, text: parameter.source.text };
}

/** The comments above a parameter go with its first element. */
function itemAt(parameter: Parameter, element: Element, first: boolean): SourceItem {
  return { line: element.line, text: element.text, comments: first ? parameter.source.comments : [] };
}
