/** Questions about each pattern of the old server, and about what lies just outside of it, with the answers of that server. */
import { containsNetwork, type Network } from '../../policy/entries/containment';
import { formatLiteral, isProblem } from '../../policy/entries/entry';
import type { EntryKey } from '../../policy/entries/entry-tables';
import { formatAddress, formatNetwork, type IpAddress, parseAddress, widthOf } from '../../policy/entries/ip-address';
import { parseMapLine } from '../../policy/entries/map-line';
import type { SourceLine } from '../../policy/findings/finding';
import { disasters, elsewhere, most, neighbours, strangers, type WrittenLine } from '../expectations/written';
import { asLine } from './collector';
import { OldServer, type Result } from './old-server';
import { listNames, lists, type SitePolicy } from './site-policy';

export interface ExpectedAnswer extends WrittenLine {
  readonly origin?: SourceLine | undefined;
}

export interface AnswerSection {
  readonly title: string;
  readonly written: readonly ExpectedAnswer[];
  /** How many more patterns have no question. */
  readonly rest: number;
}

/** What one line of a source is about. */
interface Pattern {
  readonly list: string;
  readonly isOfClients: boolean;
  readonly key: EntryKey;
  readonly subdomainsOnly: boolean;
  readonly origin: SourceLine;
}

/** A user at any domain is asked about at so many of them. */
const mostDomains = 20;

const mapOfClients = 'relay.map, clients';
const mapOfRecipients = 'relay.map, recipients';

/** A question that stands in an earlier section is not asked again. */
export function expectedAnswers(site: SitePolicy): AnswerSection[] {
  const questions = new Questions(site);
  const local = site.localNames.map(({ name, origins: [origin] }) => questions.toDomain(name, origin));
  const sections = [
    ...[...listNames, mapOfClients, mapOfRecipients].map((list) => ({ title: list, written: questions.ofList(list) })),
    { title: 'local domains', written: local },
    {
      title: 'what opens a relay: strangers, this host, a network that is far too wide',
      written: questions.ofStrangers(),
    },
  ];
  const seen = new Set<string>();
  const isNew = ({ client, recipient }: WrittenLine) => {
    const question = `${client} ${recipient}`;
    return !seen.has(question) && seen.add(question);
  };
  return sections.map(({ title, written }) => ({
    title,
    written: written.filter(isNew),
    rest: Math.max(questions.patternsOf(title).length - most, 0),
  }));
}

class Questions {
  private readonly server: OldServer;
  private readonly patterns: readonly Pattern[];
  /** A client without a name that no pattern is about. */
  private readonly stranger: string;
  /** The domains to which strangers may send: destinations, then local domains. */
  private readonly open: readonly string[];

  constructor(private readonly site: SitePolicy) {
    this.server = new OldServer(site);
    this.patterns = [...patternsOfRules(site), ...patternsOfMap(site)];
    const networks = this.networksOf({ isOfClients: true });
    this.stranger =
      strangers.find((ip) => !networks.some((network) => containsNetwork(network, hostOf(addressOf(ip))))) ??
      strangers[0];
    const destinations = this.patterns.flatMap(({ isOfClients, key }) =>
      !isOfClients && key.kind === 'domain' ? [key.name] : [],
    );
    const all = new Set([...destinations, ...site.localNames.map(({ name }) => name)]);
    this.open = [...all].filter((domain) => ['relay', 'local'].includes(this.toRecipient('anyone', domain)));
  }

  ofList(name: string): ExpectedAnswer[] {
    return this.patternsOf(name)
      .slice(0, most)
      .flatMap((pattern) => this.ofPattern(pattern));
  }

  patternsOf(name: string): readonly Pattern[] {
    return this.patterns.filter(({ list }) => list === name);
  }

  ofStrangers(): ExpectedAnswer[] {
    return [this.stranger, ...disasters.map((one) => one.replace(/\/.*/, ''))].map((ip) =>
      this.ofAddress(addressOf(ip), ip),
    );
  }

  toDomain(domain: string, origin: SourceLine | undefined): ExpectedAnswer {
    return this.toMailbox('anyone', domain, origin);
  }

  private ofPattern(pattern: Pattern): ExpectedAnswer[] {
    const { key, origin, isOfClients } = pattern;
    switch (key.kind) {
      case 'network': {
        const ask = (address: IpAddress, text?: string) =>
          isOfClients ? this.ofAddress(address, text, pattern) : this.toDomain(formatLiteral(address), origin);
        return [
          ...this.insideNetwork(key, pattern).map(([address, text]) => ask(address, text)),
          ...neighbours(key).map((one) => ask(one)),
        ];
      }
      case 'domain': {
        const { name, exact } = key;
        const outside = exact ? `below.${name}` : `not-${name}`;
        return [...this.insideDomain(pattern, name, exact), outside].map((one) =>
          isOfClients ? this.ofName(one, pattern) : this.toDomain(one, origin),
        );
      }
      case 'mailbox':
        return [key.localPart, `not-${key.localPart}`].map((user) => this.toMailbox(user, key.domain, origin));
      case 'user':
        return this.open.slice(0, mostDomains).map((domain) => this.toMailbox(key.localPart, domain, origin));
    }
  }

  /** The network as a whole where no pattern is about a part of it, else an address that is in no such part. */
  private insideNetwork(network: Network, pattern: Pattern): [IpAddress, string][] {
    const parts = this.networksOf(pattern).filter(
      (one) => one.length > network.length && containsNetwork(network, one),
    );
    if (parts.length === 0) return [[network.address, formatNetwork(network)]];
    const free = [network.address, ...parts.flatMap(neighbours)].find(
      (address) =>
        containsNetwork(network, hostOf(address)) && !parts.some((part) => containsNetwork(part, hostOf(address))),
    );
    return free ? [[free, formatAddress(free)]] : [];
  }

  private insideDomain({ isOfClients, subdomainsOnly }: Pattern, name: string, exact: boolean): string[] {
    if (exact) return [name];
    const others = this.patterns
      .filter((one) => one.isOfClients === isOfClients)
      .flatMap(({ key, subdomainsOnly: below }) => {
        if (key.kind === 'mailbox') return [`.${key.domain}`];
        return key.kind === 'domain' ? [key.exact || below ? `.${key.name}` : key.name] : [];
      });
    const local = isOfClients ? [] : this.site.localNames.map((one) => `.${one.name}`);
    const isDivided =
      subdomainsOnly || [...others, ...local].some((other) => other !== name && other.endsWith(`.${name}`));
    return isDivided ? [name, `below.${name}`] : [`*.${name}`];
  }

  private networksOf({ isOfClients }: Pick<Pattern, 'isOfClients'>): Network[] {
    return this.patterns.flatMap(({ key, ...pattern }) =>
      pattern.isOfClients === isOfClients && key.kind === 'network' ? [key] : [],
    );
  }

  private ofAddress(address: IpAddress, text = formatAddress(address), pattern?: Pattern): ExpectedAnswer {
    return this.ofClient({ address }, text, pattern);
  }

  private ofName(name: string, pattern: Pattern): ExpectedAnswer {
    return this.ofClient({ name: name.replace(/^\*\./, '') }, `${this.stranger} ptr=${name}`, pattern);
  }

  /** Whether a client is denied is seen at a recipient to whom strangers may send. */
  private ofClient(
    client: Parameters<OldServer['ofClient']>[0],
    text: string,
    pattern: Pattern | undefined,
  ): ExpectedAnswer {
    const origin = pattern?.origin;
    const [open] = this.open;
    if (pattern?.list !== 'host.deny' || open === undefined) {
      return { client: text, recipient: elsewhere, result: this.server.ofClient(client), origin };
    }
    const result = this.server.denies(client) ? 'refuse' : this.toRecipient('anyone', open);
    return { client: text, recipient: `anyone@${open}`, result, origin };
  }

  private toMailbox(localPart: string, domain: string, origin: SourceLine | undefined): ExpectedAnswer {
    const result = this.toRecipient(localPart, domain.replace(/^\*\./, ''));
    return { client: this.stranger, recipient: `${localPart}@${domain}`, result, origin };
  }

  private toRecipient(localPart: string, domain: string): Result {
    return this.server.ofRecipient({ localPart, domain });
  }
}

function patternsOfRules({ rules }: SitePolicy): Pattern[] {
  return rules.map(({ list, entry: key, subdomainsOnly = false, origin }) => {
    return { list, isOfClients: lists[list].question !== 'destinations', key, subdomainsOnly, origin };
  });
}

function patternsOfMap({ map }: SitePolicy): Pattern[] {
  return map.flatMap(({ key: written, value, origin }) => {
    const row = parseMapLine(asLine(`${written} ${value}`));
    if (isProblem(row) || row.value.action === 'none') return [];
    const { side, key } = row;
    return [
      ...(side === 'to' ? [] : [{ list: mapOfClients, isOfClients: true, key, subdomainsOnly: false, origin }]),
      ...(side === 'connect'
        ? []
        : [{ list: mapOfRecipients, isOfClients: false, key, subdomainsOnly: false, origin }]),
    ];
  });
}

function addressOf(ip: string): IpAddress {
  return parseAddress(ip) as IpAddress;
}

function hostOf(address: IpAddress): Network {
  return { address, length: widthOf(address.family) };
}
