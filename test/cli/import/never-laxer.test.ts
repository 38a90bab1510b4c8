/**
 * The promise of an import, against plain models of the servers' own rules: whoever the imported policy lets relay, the
 * old server let relay too; whom the old server refused, the imported policy does not relay for.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gather } from '../../../src/cli/import/gather';
import { resolvePolicy } from '../../../src/cli/import/merge/resolve-policy';
import { render } from '../../../src/cli/import/output/render';
import { readers } from '../../../src/cli/import/readers';
import { type Feature, joinReadings } from '../../../src/cli/import/site-policy';
import { fc, runs } from '../../../testkit/properties';
import { type Client, ImportedPolicy, type Verdict } from './imported-policy';
import {
  type ClientTable,
  type Element,
  matchesAddress,
  refuses,
  relaysTo,
  trusts,
} from './sources/postfix/postfix-lists';
import { inTemporaryFolder, readerContext } from './support';

const clients: readonly Client[] = [
  { ip: '192.0.2.1' },
  { ip: '192.0.2.66', name: 'pc.lab.example.org' },
  { ip: '192.0.3.1', name: 'mail.example.org' },
  { ip: '198.51.100.7', name: 'other.example.net' },
  { ip: '2001:db8:1::5' },
  { ip: '2001:db8:2::5', name: 'example.org' },
];
const recipientDomains = [
  'example.org',
  'lab.example.org',
  'backup.example.net',
  'sub.backup.example.net',
  'else.example',
];

const keys = fc.constantFrom(
  ...'192 192.0 192.0.2 192.0.2.1 192.0.2.66 192.0.3 198.51.100.7 IPv6:2001:db8 IPv6:2001:db8:1 IPv6:2001:db8:2'.split(
    ' ',
  ),
  ...'example.org lab.example.org pc.lab.example.org mail.example.org example.net other.example.net'.split(' '),
  ...'backup.example.net sub.backup.example.net else.example user@ user@backup.example.net'.split(' '),
  ...'.example.org .lab.example.org .example.net .backup.example.net'.split(' '),
);
const tags = fc.constantFrom('', 'Connect:', 'Connect:', 'To:', 'From:');
const values = fc.constantFrom(
  'RELAY',
  'RELAY',
  'RELAY',
  'REJECT',
  'OK',
  'SKIP',
  'DISCARD',
  'ERROR:550 no',
  'ERROR:4.7.1:450 later',
  'RELAY # ours',
);
const accessMap = fc.array(fc.tuple(tags, keys, values), { maxLength: 12 });
const classR = fc.array(
  fc.constantFrom('192.0.2', '192.0.2.66', 'lab.example.org', 'example.org', 'backup.example.net', '.example.org'),
  { maxLength: 2 },
);
const mailertable = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...'example.org .example.org lab.example.org backup.example.net .backup.example.net sub.backup.example.net'.split(
        ' ',
      ),
    ),
    fc.constantFrom('error:5.1.2:550 no', 'error:nohost none', 'discard:', 'esmtp:[192.0.2.25]', 'local:', 'mailman:x'),
  ),
  { maxLength: 3 },
);
const options = fc.record({
  skip: fc.boolean(),
  blocklist: fc.boolean(),
  dots: fc.boolean(),
  /** Whether a sendmail.mc is imported along with the map, which says what is on. */
  known: fc.boolean(),
});

interface SendmailOptions {
  readonly skip: boolean;
  readonly blocklist: boolean;
  readonly dots: boolean;
}

/** sendmail: rulesets D and A of proto.m4, check_relay, Rcpt_ok and Relay_ok, and the mailertable, with some of its features. */
class Sendmail {
  private readonly map = new Map<string, string>();
  private readonly mailers = new Map<string, string>();

  constructor(
    lines: readonly (readonly [string, string, string])[],
    private readonly classR: readonly string[],
    mailers: readonly (readonly [string, string])[],
    private readonly options: SendmailOptions,
  ) {
    for (const [key, value] of mailers) if (!this.mailers.has(key)) this.mailers.set(key, value);
    for (const [tag, key, value] of lines) {
      const folded = `${tag}${key}`.toLowerCase();
      if (!this.map.has(folded)) this.map.set(folded, value);
    }
  }

  /** Looks for a key with and without its tag, then for what remains of it. */
  private search(key: string, tag: string, separator: RegExp, first: boolean): string | undefined {
    for (let rest = key; rest !== ''; ) {
      const value = this.found(tag, rest) ?? (first && this.options.dots ? this.found(tag, below(rest)) : undefined);
      if (value === 'SKIP' && this.options.skip) return undefined;
      if (value !== undefined) return value;
      const cuts = [...rest.matchAll(separator)].map(({ index }) => index);
      const cut = first ? cuts[0] : cuts[cuts.length - 1];
      if (cut === undefined) return undefined;
      rest = first ? rest.slice(cut + 1) : rest.slice(0, cut);
    }
    return undefined;
  }

  private found(tag: string, key: string): string | undefined {
    return this.map.get(`${tag}${key}`.toLowerCase()) ?? this.map.get(key.toLowerCase());
  }

  /** The exact name, then the names above it with a dot before them. */
  private mailer(domain: string): string {
    const found = this.mailers.get(domain);
    if (found !== undefined) return found;
    for (let rest = below(domain); rest !== ''; rest = below(rest.slice(1))) {
      const value = this.mailers.get(rest);
      if (value !== undefined) return value;
    }
    return 'esmtp:';
  }

  private address(ip: string): string {
    return ip.includes(':') ? `IPv6:${ip.replace('::', ':0:0:0:0:')}` : ip;
  }

  private byAddress(ip: string): string | undefined {
    return this.search(this.address(ip), 'Connect:', ip.includes(':') ? /:/g : /\./g, false);
  }

  private byName(name: string, tag: string): string | undefined {
    return this.search(name, tag, /\./g, true);
  }

  private inClassR(name: string): boolean {
    return this.classR.some((member) =>
      member.startsWith('.') ? name.endsWith(member) : name === member || name.endsWith(`.${member}`),
    );
  }

  /**
   * blocklist_recipients: the mailbox, then the domain; the first found. A user at any domain is looked up for local
   * recipients only, and there are none here.
   */
  private refusesRecipient(user: string, domain: string): boolean {
    const own = this.exact(`${user}@${domain}`);
    // SKIP ends the look-up of this key, and the domain is looked up next.
    const found = (own === 'SKIP' && this.options.skip ? undefined : own) ?? this.byName(domain, 'To:');
    return found !== undefined && found !== 'OK' && found !== 'RELAY';
  }

  private exact(key: string): string | undefined {
    return this.map.get(`to:${key}`) ?? this.map.get(key);
  }

  /** check_relay. */
  refusesClient({ ip, name }: Client): boolean {
    const found = (name && this.byName(name, 'Connect:')) ?? this.byAddress(ip);
    return found !== undefined && found !== 'OK' && found !== 'RELAY';
  }

  decide(client: Client, user: string, domain: string): Verdict {
    const { ip, name } = client;
    if (this.refusesClient(client)) return 'refused';
    if (this.classR.some((member) => `${ip}.`.startsWith(`${member}.`)) || this.byAddress(ip) === 'RELAY')
      return 'relayed';
    if (name && (this.inClassR(name) || this.byName(name, 'Connect:') === 'RELAY')) return 'relayed';
    // sendmail asks this of trusted clients as well; the remarks `access-recipient` and `mailertable-refuses` say that the
    // suite does not.
    if (this.options.blocklist && this.refusesRecipient(user, domain)) return 'refused';
    if (/^(?:error|discard):/.test(this.mailer(domain))) return 'refused';
    if (this.inClassR(domain) || this.byName(domain, 'To:') === 'RELAY') return 'relayed';
    return 'not relayed';
  }
}

/** `.example.org` of `lab.example.org`. */
function below(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

/** What `smtpcheck import main.cf --skip-missing` makes of these files. */
function importPostfix(folder: string, files: Readonly<Record<string, string>>): ImportedPolicy {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { site } = gather({
    sources: ['main.cf'],
    typeOf: () => undefined,
    cwd: folder,
    skipMissing: true,
    keepLoopback: false,
    progress: () => {},
  });
  return ImportedPolicy.of(render(resolvePolicy(site)));
}

/** Whether `imported` may stand for `original`: the same, or stricter. */
function notLaxer(imported: Verdict, original: Verdict): boolean {
  return imported !== 'relayed' || original === 'relayed';
}

describe('an imported policy', function () {
  this.timeout(60_000);

  it('relays for nobody that sendmail, with the same access map and class R, did not relay for', () => {
    let relayed = 0;
    fc.assert(
      fc.property(accessMap, classR, mailertable, options, (lines, members, mailers, { known, ...on }) => {
        const access = lines.map(([tag, key, value]) => `${tag}${key}\t${value}\n`).join('');
        const table = mailers.map(([key, value]) => `${key}\t${value}\n`).join('');
        const features: Feature[] = known ? ['sendmail-configuration'] : [];
        if (known && on.skip) features.push('access-skip');
        if (known && on.blocklist) features.push('blocklist-recipients');
        if (known && on.dots) features.push('lookup-dot-domain');
        const policy = ImportedPolicy.of(
          render(
            resolvePolicy(
              joinReadings([
                readers['sendmail-access'](access, readerContext({ features })),
                readers['relay-domains'](`${members.join('\n')}\n`, readerContext()),
                readers['sendmail-mailertable'](table, readerContext()),
              ]),
            ),
          ),
        );
        // A key with a dot is left out where nothing says that it is looked up, and a remark says so.
        const original = new Sendmail(lines, members, mailers, { ...on, dots: on.dots && known });
        for (const client of clients) {
          for (const domain of recipientDomains) {
            const [ours, theirs] = [policy.decide(client, 'user', domain), original.decide(client, 'user', domain)];
            if (ours === 'relayed') relayed++;
            assert.ok(notLaxer(ours, theirs), `${JSON.stringify(client)} to ${domain}: ${ours}, was ${theirs}`);
            if (original.refusesClient(client)) assert.equal(ours, 'refused', JSON.stringify(client));
          }
        }
      }),
      { numRuns: runs(400) },
    );
    assert.ok(relayed > 400, 'and it does relay');
  });

  it('trusts exactly the clients that the first match of mynetworks trusts', () => {
    const pattern = fc.constantFrom(
      ...'192.0.0.0/16 192.0.2.0/24 192.0.2.1 192.0.2.64/26 192.0.3.0/24 198.51.100.0/24 [2001:db8::]/32 [2001:db8:1::]/48'.split(
        ' ',
      ),
    );
    const element = fc.tuple(fc.boolean(), pattern);
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
        const value = elements.map(([negated, text]) => `${negated ? '!' : ''}${text}`).join(' ');
        const reading = readers['postfix-main'](`mydestination =\nmynetworks = ${value}\n`, readerContext());
        const policy = ImportedPolicy.of(render(resolvePolicy(joinReadings([reading]))));
        for (const client of clients) {
          const first = elements.find(([, text]) => matchesAddress(text, client.ip));
          const trusted = first !== undefined && !first[0];
          assert.equal(policy.decide(client, 'user', 'else.example'), trusted ? 'relayed' : 'not relayed', value);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('refuses exactly the clients that the first match of a cidr table refuses', () => {
    const network = fc.constantFrom(
      ...'192.0.0.0/16 192.0.2.0/24 192.0.2.1 192.0.3.0/24 198.51.100.7 2001:db8::/32'.split(' '),
    );
    const row = fc.tuple(network, fc.constantFrom('REJECT', 'OK', 'DUNNO', 'REJECT no'));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 6 }), (rows) => {
        const text = rows.map(([key, action]) => `${key}\t${action}\n`).join('');
        const reading = readers['postfix-client-access-cidr'](text, readerContext());
        const policy = ImportedPolicy.of(render(resolvePolicy(joinReadings([reading]))));
        for (const client of clients) {
          const first = rows.find(([key]) => matchesAddress(key, client.ip));
          const refused = first?.[1].startsWith('REJECT') ?? false;
          assert.equal(policy.decide(client, 'user', 'else.example'), refused ? 'refused' : 'not relayed', text);
        }
      }),
      { numRuns: 150 },
    );
  });

  const postfixClients: readonly Client[] = [
    ...clients,
    { ip: '192.0.2.66', name: 'pc.guest.example.org' },
    { ip: '192.0.2.7', name: 'pc.example.org' },
    { ip: '198.51.100.8', name: 'guest.example.org' },
  ];
  const readable = fc.constantFrom(
    ...'192.0.0.0/16 192.0.2.0/24 192.0.2.7 192.0.2.64/26 198.51.100.0/24 [2001:db8::]/32'.split(' '),
    ...'example.org .example.org guest.example.org .guest.example.org pc.guest.example.org pc.example.org'.split(' '),
  );
  const plain: fc.Arbitrary<Element> = fc.record({ negated: fc.boolean(), pattern: readable });
  // What Postfix reads behind these names, and an import cannot.
  const guests = ['192.0.2.64/26', '.guest.example.org', 'pc.guest.example.org', 'guest.example.org'];
  const obscure: fc.Arbitrary<Element> = fc.record({
    negated: fc.boolean(),
    pattern: fc.constantFrom(
      'pcre:/etc/postfix/guests',
      '$guests',
      '/etc/postfix/nothere',
      'hash:/etc/postfix/nothere',
      'cidr:/etc/postfix/conditions',
      'org',
    ),
    unreadable: fc.constant(guests),
  });
  const conditions = 'if 192.0.2.0/24\n192.0.2.64/26 OK\nendif\n203.0.113.0/24 OK\n';
  const written = (elements: readonly Element[]) =>
    elements.map(({ negated, pattern }) => `${negated ? '!' : ''}${pattern}`).join(', ');

  it('trusts no client that the first match of a mixed mynetworks does not trust', () => {
    const lists = fc.array(fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: obscure }), {
      minLength: 1,
      maxLength: 6,
    });
    let relayed = 0;
    inTemporaryFolder((folder) => {
      fc.assert(
        fc.property(lists, fc.boolean(), (elements, parentMatches) => {
          const main = [
            'mydestination =',
            `parent_domain_matches_subdomains = ${parentMatches ? 'mynetworks' : ''}`,
            `mynetworks = ${written(elements)}`,
          ];
          const policy = importPostfix(folder, { 'main.cf': `${main.join('\n')}\n`, conditions });
          for (const client of postfixClients) {
            const ours = policy.decide(client, 'user', 'else.example');
            const theirs = trusts(elements, client, parentMatches) ? 'relayed' : 'not relayed';
            if (ours === 'relayed') relayed++;
            assert.ok(notLaxer(ours, theirs), `${main.join('\n')}: ${JSON.stringify(client)}`);
          }
        }),
        { numRuns: 400 },
      );
    });
    assert.ok(relayed > 400, 'and it does trust');
  });

  it('trusts nobody behind an exclusion in a list file that is missing', () => {
    inTemporaryFolder((folder) => {
      const main = 'mydestination =\nmynetworks = 198.51.100.0/24, /etc/postfix/nothere, 192.0.2.0/24\n';
      const policy = importPostfix(folder, { 'main.cf': main });
      assert.equal(policy.decide({ ip: '198.51.100.7' }, 'user', 'else.example'), 'relayed');
      assert.equal(policy.decide({ ip: '192.0.2.7' }, 'user', 'else.example'), 'not relayed');
    });
  });

  const names = fc.constantFrom(
    ...'example.org .example.org guest.example.org .guest.example.org pc.guest.example.org other.example'.split(' '),
  );
  const domains = [
    'example.org',
    'pc.example.org',
    'guest.example.org',
    'pc.guest.example.org',
    'a.pc.guest.example.org',
  ];

  it('relays to exactly the domains that the first match of relay_domains relays to', () => {
    const lists = fc.array(fc.record({ negated: fc.boolean(), pattern: names }), { minLength: 1, maxLength: 6 });
    inTemporaryFolder((folder) => {
      fc.assert(
        fc.property(lists, fc.boolean(), (elements, parentMatches) => {
          const main = [
            'mydestination =\nmynetworks =',
            `parent_domain_matches_subdomains = ${parentMatches ? 'relay_domains' : ''}`,
            `relay_domains = ${written(elements)}`,
          ];
          const policy = importPostfix(folder, { 'main.cf': `${main.join('\n')}\n` });
          for (const domain of domains) {
            const theirs = relaysTo(elements, domain, parentMatches) ? 'relayed' : 'not relayed';
            assert.equal(policy.decide({ ip: '203.0.113.1' }, 'user', domain), theirs, `${main.join('\n')}: ${domain}`);
          }
        }),
        { numRuns: 300 },
      );
    });
  });

  it('relays to no domain behind an exclusion from relay_domains that cannot be read', () => {
    const element = fc.oneof(
      { weight: 3, arbitrary: fc.record({ negated: fc.boolean(), pattern: names }) },
      { weight: 1, arbitrary: obscure },
    );
    inTemporaryFolder((folder) => {
      fc.assert(
        fc.property(fc.array(element, { maxLength: 6 }), fc.boolean(), (elements, parentMatches) => {
          const main = [
            'mydestination =\nmynetworks =',
            `parent_domain_matches_subdomains = ${parentMatches ? 'relay_domains' : ''}`,
            `relay_domains = ${written(elements)}`,
          ];
          const policy = importPostfix(folder, { 'main.cf': `${main.join('\n')}\n`, conditions });
          for (const domain of domains) {
            const theirs = relaysTo(elements, domain, parentMatches) ? 'relayed' : 'not relayed';
            const ours = policy.decide({ ip: '203.0.113.1' }, 'user', domain);
            assert.ok(notLaxer(ours, theirs), `${main.join('\n')}: ${domain}`);
          }
        }),
        { numRuns: 300 },
      );
    });
  });

  it('refuses whom any table of clients refuses, in whichever list and order they are asked', () => {
    const tables: fc.Arbitrary<ClientTable> = fc.oneof(
      fc.record({
        type: fc.constant('cidr' as const),
        rows: fc.array(
          fc.tuple(
            fc.constantFrom('192.0.0.0/16', '192.0.2.0/24', '192.0.2.7', '198.51.100.0/24'),
            fc.constantFrom('REJECT', 'OK', 'DUNNO'),
          ),
          { maxLength: 4 },
        ),
      }),
      fc.record({
        type: fc.constant('hash' as const),
        rows: fc.uniqueArray(
          fc.tuple(
            fc.constantFrom('192.0', '192.0.2', '192.0.2.7', '198.51.100', 'example.org', 'pc.example.org'),
            fc.constantFrom('REJECT', 'OK', 'DUNNO'),
          ),
          { maxLength: 4, selector: ([key]) => key },
        ),
      }),
    );
    const places = fc.tuple(fc.array(tables, { maxLength: 2 }), fc.array(tables, { maxLength: 2 }));
    const asking: readonly Client[] = [
      ...['192.0.2.7', '192.0.2.8', '192.0.3.1', '198.51.100.7', '203.0.113.1'].map((ip) => ({ ip })),
      { ip: '192.0.2.7', name: 'pc.example.org' },
      { ip: '192.0.2.8', name: 'example.org' },
    ];
    let spared = 0;
    inTemporaryFolder((folder) => {
      fc.assert(
        fc.property(places, ([atClient, atRecipient]) => {
          const files: Record<string, string> = {};
          const asked = (list: readonly ClientTable[], name: string) =>
            list.map(({ type, rows }, i) => {
              files[`${name}${i}`] = rows.map(([key, action]) => `${key}\t${action}\n`).join('') || '# none\n';
              return `check_client_access ${type}:/etc/postfix/${name}${i}`;
            });
          const main = [
            'mydestination =\nmynetworks = 192.0.0.0/16, 198.51.100.0/24, 203.0.113.0/24',
            `smtpd_client_restrictions = ${asked(atClient, 'client').join(', ')}`,
            `smtpd_recipient_restrictions = ${[...asked(atRecipient, 'recipient'), 'permit_mynetworks', 'reject'].join(', ')}`,
          ];
          const policy = importPostfix(folder, { 'main.cf': `${main.join('\n')}\n`, ...files });
          for (const client of asking) {
            const refused = refuses(atClient, client) || refuses(atRecipient, client);
            const ours = policy.decide(client, 'user', 'else.example');
            if (ours === 'relayed') spared++;
            if (refused)
              assert.equal(
                ours,
                'refused',
                `${main.join('\n')}: ${JSON.stringify(client)} of ${JSON.stringify(files)}`,
              );
          }
        }),
        { numRuns: 300 },
      );
    });
    assert.ok(spared > 300, 'and it spares the others');
  });
});

interface ExcludedCase {
  readonly name: string;
  readonly main: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly client: Client;
  readonly domain?: string;
  readonly verdict: Verdict;
  /** Who is relayed for all the same, to `domain` if there is one. */
  readonly still?: Client;
}

const excluded: readonly ExcludedCase[] = [
  {
    name: 'a name excluded before its network',
    main: 'mynetworks = 198.51.100.0/24, !guest.example.org, 192.0.2.0/24',
    client: { ip: '192.0.2.66', name: 'pc.guest.example.org' },
    verdict: 'not relayed',
    still: { ip: '198.51.100.1' },
  },
  {
    name: 'an address excluded before its domain',
    main: 'mynetworks = !192.0.2.7, 192.0.2.0/24, example.org',
    client: { ip: '192.0.2.7', name: 'pc.example.org' },
    verdict: 'not relayed',
    still: { ip: '192.0.2.8', name: 'pc.example.org' },
  },
  {
    name: 'an exclusion inside a condition of a table',
    main: 'mynetworks = 198.51.100.0/24, !cidr:/etc/postfix/guests, 192.0.2.0/24',
    files: { guests: 'if 192.0.2.0/25\n192.0.2.7 OK\nendif\n' },
    client: { ip: '192.0.2.7' },
    verdict: 'not relayed',
    still: { ip: '198.51.100.1' },
  },
  {
    name: 'names below one that is relayed to',
    main: 'mynetworks =\nparent_domain_matches_subdomains =\nrelay_domains = !.guest.example.org, .example.org',
    client: { ip: '203.0.113.1' },
    domain: 'pc.guest.example.org',
    verdict: 'not relayed',
  },
  {
    name: 'a recipient that is listed, in a domain that is not relayed to',
    main: 'mynetworks =\nrelay_recipient_maps = hash:/etc/postfix/recipients',
    files: { recipients: 'user@else.example x\n' },
    client: { ip: '203.0.113.1' },
    verdict: 'not relayed',
  },
  {
    name: 'a client refused before permit_mynetworks',
    main: 'mynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions = check_client_access hash:/etc/postfix/bad, permit_mynetworks, reject',
    files: { bad: '192.0.2.7 REJECT\n' },
    client: { ip: '192.0.2.7' },
    verdict: 'refused',
    still: { ip: '192.0.2.8' },
  },
  {
    name: 'an OK behind the table that refuses',
    main: 'mynetworks = 192.0.0.0/16\nsmtpd_client_restrictions = check_client_access hash:/etc/postfix/one, check_client_access hash:/etc/postfix/two',
    files: { one: '192.0.2 REJECT\n', two: '192.0.2.7 OK\n' },
    client: { ip: '192.0.2.7' },
    verdict: 'refused',
    still: { ip: '192.0.3.1' },
  },
  {
    name: 'a line that says nothing, inside an OK, before a table that refuses',
    main: 'mynetworks = 192.0.0.0/16\nsmtpd_client_restrictions = check_client_access cidr:/etc/postfix/one, check_client_access hash:/etc/postfix/two',
    files: { one: '192.0.2.7 DUNNO\n192.0.2.0/24 OK\n', two: '192.0 REJECT\n' },
    client: { ip: '192.0.2.7' },
    verdict: 'refused',
    still: { ip: '192.0.2.8' },
  },
];

describe('an import from Postfix keeps out', () => {
  for (const { name, main, files = {}, client, domain = 'else.example', verdict, still } of excluded) {
    it(name, () => {
      inTemporaryFolder((folder) => {
        const policy = importPostfix(folder, { 'main.cf': `mydestination =\n${main}\n`, ...files });
        assert.equal(policy.decide(client, 'user', domain), verdict);
        if (still) assert.equal(policy.decide(still, 'user', domain), 'relayed');
      });
    });
  }
});
