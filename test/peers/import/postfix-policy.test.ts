/**
 * The real Postfix beside what an import makes of the rest of its policy: tables in every form, transports, postscreen's
 * lists, virtual domains and what its levels change. And its own list of parameters beside ours.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fixtureRoot } from '../../cli/import/support';
import { environmentOf } from '../servers/install';
import { onPeers } from '../servers/on-package';
import { askPostfix, askPostscreen } from './postfix-site';
import { compareVerdicts, type Probe, probesOf } from './probes';
import { type Files, importSite } from './site';

const client = (ip: string, name?: string) => (name === undefined ? { ip } : { ip, name });

interface SiteCase {
  readonly name: string;
  readonly main: string;
  readonly files?: Files;
  readonly clients: readonly { ip: string; name?: string }[];
  readonly recipients: readonly string[];
  /** Where the import is stricter, as a remark says. */
  readonly stricter?: (probe: Probe) => boolean;
  /** Probes that a remark says are open to trusted clients here. */
  readonly laxer?: (probe: Probe) => boolean;
  readonly remark?: RegExp;
}

const trusted = client('192.0.2.7', 'pc.client.example');
const stranger = client('203.0.113.1', 'pc.other.example');
const restrictions = 'smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n';

const cases: readonly SiteCase[] = [
  {
    name: 'tables by themselves in the lists of clients and recipients',
    main: `mynetworks = 192.0.2.0/24, 198.51.100.0/24
smtpd_client_restrictions = hash:/etc/postfix/clients, cidr:/etc/postfix/clients.cidr
smtpd_recipient_restrictions = hash:/etc/postfix/recipients
relay_domains = backup.example
`,
    files: {
      clients: '192.0.2.66 REJECT\n198.51.100 REJECT\n198.51.100.8 OK\nspam.example REJECT\n.dot.example REJECT\n',
      'clients.cidr': '192.0.2.128/25 REJECT\n',
      recipients: 'trap@backup.example REJECT\nold.backup.example REJECT\nfine@old.backup.example OK\n',
    },
    clients: [
      ...['192.0.2.7', '192.0.2.66', '192.0.2.129', '198.51.100.7', '198.51.100.8'].map((ip) =>
        client(ip, 'h.example'),
      ),
      ...[client('192.0.2.9', 'a.spam.example'), client('192.0.2.9', 'a.dot.example')],
      stranger,
    ],
    recipients: words(
      'user@else.example user@backup.example trap@backup.example user@old.backup.example fine@old.backup.example',
    ),
    laxer: ({ client: { ip }, localPart, domain }) =>
      !ip.startsWith('203.') && (localPart === 'trap' || (domain === 'old.backup.example' && localPart !== 'fine')),
  },
  {
    name: 'tables in main.cf itself',
    main: `mynetworks = inline:{192.0.2.7=x, {lab.example = x}}, cidr:{{198.51.100.0/25 OK}}
relay_domains = inline:{a.example=x}, inline:{{b.example = x y}}
smtpd_client_restrictions = check_client_access inline:{{198.51.100.9 = REJECT go away}}
`,
    clients: [
      trusted,
      ...[client('192.0.2.8', 'pc.lab.example'), client('192.0.2.8'), client('198.51.100.7'), client('198.51.100.9')],
      ...[client('198.51.100.200'), stranger],
    ],
    recipients: words('user@else.example user@a.example user@sub.a.example user@b.example'),
  },
  {
    name: 'transports that deliver nowhere',
    main: `mynetworks = 192.0.2.0/24
relay_domains = a.example, b.example, c.example, d.example
transport_maps = hash:/etc/postfix/transport
`,
    files: {
      transport:
        'a.example error:no\nb.example retry:later\nuser@c.example error:gone\n.d.example error:no\nother.example error:no\n',
    },
    clients: [trusted, stranger],
    recipients: words(
      'user@a.example user@b.example user@sub.b.example user@c.example other@c.example user@d.example user@sub.d.example user@other.example user@else.example',
    ),
    laxer: ({ client: { ip } }) => ip === '192.0.2.7',
    remark: /Laxer than the source for these/,
  },
  {
    name: 'a default transport that delivers nowhere',
    main: `mynetworks = 192.0.2.0/24
relay_domains = a.example, b.example
transport_maps = hash:/etc/postfix/transport
`,
    files: { transport: 'a.example smtp:[192.0.2.25]\nopen.example smtp:[192.0.2.25]\n* error:no\n' },
    clients: [trusted, stranger],
    recipients: words('user@a.example user@sub.a.example user@b.example user@open.example user@else.example'),
    // Of its trusted clients Postfix takes mail for the one domain that has a transport.
    stricter: ({ client: { ip }, domain }) => ip === '192.0.2.7' && domain === 'open.example',
  },
  {
    name: 'default_transport and relay_transport that deliver nowhere',
    main: 'mynetworks = 192.0.2.0/24\nrelay_domains = a.example\ndefault_transport = error:no\nrelay_transport = error:no\n',
    clients: [trusted, stranger],
    recipients: words('user@a.example user@else.example'),
  },
  {
    name: 'a network with host bits',
    main: 'mynetworks = 192.0.2.7, 192.0.3.7/24, 198.51.100.0/24\n',
    clients: ['192.0.2.7', '192.0.3.7', '192.0.3.8', '198.51.100.7'].map((ip) => client(ip)),
    recipients: words('user@else.example'),
    remark: /192\.0\.3\.7\/24/,
  },
  {
    name: 'a cidr table with host bits, of which Postfix skips the line',
    main: 'mynetworks = cidr:/etc/postfix/networks.cidr\n',
    files: { 'networks.cidr': '192.0.3.7/24 OK\n198.51.100.0/24 OK\n' },
    clients: ['192.0.3.7', '198.51.100.7'].map((ip) => client(ip)),
    recipients: words('user@else.example'),
    remark: /networks\.cidr:1: left out/,
  },
  {
    name: 'names where no client has one',
    main: 'mynetworks = 192.0.2.0/24, lab.example\nsmtpd_peername_lookup = no\n',
    // XCLIENT says the name itself, so Postfix is asked without one.
    clients: [client('192.0.2.7'), client('198.51.100.7')],
    recipients: words('user@else.example'),
  },
  {
    name: 'warn_if_reject',
    main: `mynetworks = 192.0.2.0/24
smtpd_client_restrictions = warn_if_reject cidr:/etc/postfix/clients.cidr
smtpd_recipient_restrictions = warn_if_reject reject_unauth_destination, permit_mynetworks, reject_unauth_destination
`,
    files: { 'clients.cidr': '192.0.2.7 REJECT\n' },
    clients: [trusted, stranger],
    recipients: words('user@else.example'),
  },
  {
    name: 'permit_auth_destination before everything is refused',
    main: 'mynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_recipient_restrictions = permit_mynetworks, permit_auth_destination, reject\n',
    clients: [trusted, stranger],
    recipients: words('user@else.example user@a.example user@sub.a.example'),
  },
  {
    name: 'strangers refused outright',
    main: 'mynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_client_restrictions = permit_mynetworks, reject\n',
    clients: [trusted, stranger],
    recipients: words('user@else.example user@a.example'),
    // Refused as clients there, and as recipients here.
    stricter: ({ client: { ip } }) => ip === '203.0.113.1',
  },
  {
    name: 'relaying refused in the list of clients',
    main: 'mynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_client_restrictions = reject_unauth_destination\n',
    clients: [trusted, stranger],
    recipients: words('user@else.example user@a.example'),
  },
  {
    name: 'a class of restrictions',
    main: 'mynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_restriction_classes = ours\nours = permit_sasl_authenticated, reject_unauth_destination\nsmtpd_relay_restrictions = ours\n',
    clients: [trusted, stranger],
    recipients: words('user@else.example user@a.example'),
  },
  {
    name: 'the names below its own domains by default, below level 2',
    main: `compatibility_level = 1\nmynetworks = 192.0.2.0/24\n${restrictions}`,
    clients: [trusted, stranger],
    recipients: words('user@sub.local.example user@else.example'),
    stricter: ({ client: { ip }, domain }) => ip === '203.0.113.1' && domain === 'sub.local.example',
    remark: /postfix-relay-default/,
  },
  {
    name: 'the names below its own domains where relay_domains says so',
    main: `mynetworks = 192.0.2.0/24\nrelay_domains = $mydestination\n${restrictions}`,
    clients: [trusted, stranger],
    recipients: words('user@sub.local.example user@else.example'),
  },
  {
    name: 'any recipient by relay_recipient_maps = static',
    main: 'mynetworks =\nrelay_domains = a.example\nrelay_recipient_maps = static:all\n',
    clients: [stranger],
    recipients: words('any@a.example user@else.example'),
  },
];

/** Checks that ask the DNS or a policy service, which are not there. */
const workOfPlugins =
  /\b(?:reject_rbl_client [^\s,]+|check_policy_service \S+|reject_(?:unknown|non_fqdn|invalid)_\w+),?|^content_filter.*|\bhash:\/etc\/postfix\/helo_access/gm;

interface Fixture {
  readonly fixture: string;
  readonly clients: SiteCase['clients'];
  readonly recipients: readonly string[];
  readonly laxer: (probe: Probe) => boolean;
  readonly stricter?: (probe: Probe) => boolean;
}

const sites: readonly Fixture[] = [
  {
    fixture: 'postfix-university',
    clients: [
      ...['192.0.2.7', '192.0.2.200', '198.51.100.7', '198.51.100.130', '2001:db8:40::7', '203.0.113.7'],
      ...['203.0.113.40', '203.0.113.200', '203.0.113.1'],
    ]
      .map((ip) => client(ip, 'h.client.example'))
      .concat([client('233.252.0.1', 'pc.lab.example.edu'), client('233.252.0.2', 'mail.spam.example.com')]),
    recipients: words(
      'user@else.example user@physics.example.edu user@x.physics.example.edu user@chem.example.edu nobody@chem.example.edu printer@chem.example.edu user@old.example.edu user@hospital.example.org user@x.hospital.example.org user@museum.example.org user@lists.example.edu user@math.example.edu user@badexample.edu',
    ),
    // Recipients that nobody may send to: who may relay may here.
    laxer: ({ client: { ip }, localPart, domain }) =>
      !ip.startsWith('203.') &&
      (['printer@chem.example.edu', 'nobody@chem.example.edu'].includes(`${localPart}@${domain}`) ||
        domain === 'old.example.edu'),
    // Postfix trusts the dormitories in spite of REJECT, and drops mail to nobody after it has taken it.
    stricter: ({ client: { ip }, localPart }) =>
      ip === '192.0.2.200' || ip === '233.252.0.1' || localPart === 'nobody' || ip === '203.0.113.200',
  },
  {
    fixture: 'postfix-second-mx',
    clients: [
      ...['192.0.2.17', '192.0.2.40', '203.0.113.7', '203.0.113.200', '198.51.100.13', '198.51.100.16'],
      ...['2001:db8:bad::7', '2001:db8::7'],
    ].map((ip) => client(ip, 'h.client.example')),
    recipients: words(
      'user@else.example alice@example.com bob@example.com carol@example.com postmaster@example.com any@example.org sales@example.org any@customer.example.com info@shop.example.com other@shop.example.com info@closed.example.com',
    ),
    laxer: ({ client: { ip }, localPart, domain }) =>
      ip === '192.0.2.17' && (domain !== 'else.example' || localPart === 'sales'),
  },
];

function words(text: string): string[] {
  return text.split(' ');
}

onPeers('the rest of a policy beside the real Postfix', ['postfix'], ({ postfix: root }) => {
  for (const { name, main, files = {}, clients, recipients, stricter, laxer = () => false, remark } of cases) {
    it(`decides as a site with ${name}`, async () => {
      const site: Files = {
        ...files,
        'main.cf': `myhostname = mx.local.example\nmydestination = local.example\n${main}`,
      };
      const probes = probesOf(clients, recipients).filter((probe) => !laxer(probe));
      const original = await askPostfix(root, site, probes);
      const { policy, remarks } = await importSite(site, ['main.cf']);
      compareVerdicts(probes, original, policy, stricter);
      if (remark) assert.match(remarks, remark);
    });
  }

  for (const { fixture, clients, recipients, laxer, stricter = () => false } of sites) {
    it(`relays as ${fixture}, without what other plugins do`, async () => {
      const folder = path.join(fixtureRoot, fixture, 'source');
      const files = Object.fromEntries(
        fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]),
      );
      const site: Files = { ...files, 'main.cf': (files['main.cf'] ?? '').replace(workOfPlugins, '') };
      const probes = probesOf(clients, recipients).filter((probe) => !laxer(probe));
      const original = await askPostfix(root, site, probes);
      const imported = await importSite(site, ['main.cf']);
      const local = new Set((imported.files.get('host_list') ?? '').split('\n'));
      const isLocal = ({ domain }: Probe) => local.has(domain);
      const relayed = compareVerdicts(probes, original, imported.policy, (probe) => isLocal(probe) || stricter(probe));
      assert.ok(relayed >= 10);
    });
  }

  it('refuses the clients that postscreen drops', async () => {
    const main = (action: string): Files => ({
      'main.cf': `myhostname = mx.local.example
mydestination = local.example
mynetworks = 203.0.113.0/24
postscreen_cache_map =
postscreen_access_list = permit_mynetworks, cidr:/etc/postfix/screen.cidr, hash:/etc/postfix/screen
postscreen_denylist_action = ${action}
`,
      'screen.cidr': '192.0.2.7 permit\n192.0.2.0/24 reject\n2001:db8:bad::/48 reject\n203.0.113.7 reject\n',
      screen: '198.51.100 reject\n198.51.100.7 reject\n',
    });
    const addresses = [
      ...['192.0.2.7', '192.0.2.8', '198.51.100.7', '198.51.100.8', '2001:db8:bad::1', '2001:db8:1::1'],
      '203.0.113.7',
    ];
    for (const action of ['drop', 'ignore']) {
      const greetings = await askPostscreen(root, main(action), addresses);
      const { policy } = await importSite(main(action), ['main.cf']);
      for (const [i, ip] of addresses.entries()) {
        const isRefused = policy.decide({ ip }, 'user', 'else.example') === 'refused';
        // permit_mynetworks spares a client from the list; host.deny holds for everyone, as a remark says.
        const isStricter = action === 'drop' && ip === '203.0.113.7';
        assert.equal(isRefused, isStricter || greetings[i] === 521, `${action} ${ip}: ${greetings[i]}`);
      }
      assert.equal(greetings.includes(521), action === 'drop');
    }
  });

  for (const options of [
    '-o mynetworks=',
    '-o smtpd_relay_restrictions=reject_unauth_destination',
    '-o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject }',
    '-o relay_domains=',
    '-o smtpd_client_restrictions=permit_mynetworks,reject',
    '-o smtpd_sender_restrictions=defer',
  ]) {
    it(`relays for nobody whom the service on port 25 does not, with ${options}`, async () => {
      const site: Files = {
        'main.cf':
          'myhostname = mx.local.example\nmydestination = local.example\nmynetworks = 192.0.2.0/24\nrelay_domains = a.example\n',
        'master.cf': `smtp inet n - n - - smtpd ${options}\n`,
      };
      const probes = probesOf([trusted, stranger], words('user@a.example user@else.example'));
      const original = await askPostfix(root, site, probes, options);
      const { policy, remarks } = await importSite(site, ['main.cf']);
      compareVerdicts(probes, original, policy, () => true);
      assert.match(remarks, /\[postfix-port-25\]/);
    });
  }

  it('takes mail for the virtual domains that the import has in host_list, and for no other name', async () => {
    const site: Files = {
      'main.cf': `myhostname = mx.local.example
mydestination = local.example
mynetworks =
virtual_mailbox_domains = one.example, hash:/etc/postfix/domains
virtual_mailbox_maps = static:x
virtual_alias_maps = hash:/etc/postfix/aliases
`,
      domains: 'two.example x\n',
      aliases: 'three.example anything\nuser@three.example user@local.example\n',
    };
    const probes = probesOf(
      [stranger],
      ['local', 'one', 'two', 'three', 'sub.one', 'sub.three', 'else'].map((name) => `user@${name}.example`),
    );
    const original = await askPostfix(root, site, probes);
    const { files } = await importSite(site, ['main.cf']);
    const local = new Set((files.get('host_list') ?? '').split('\n'));
    for (const [i, probe] of probes.entries()) {
      assert.equal(original[i] === 'relayed', local.has(probe.domain), probe.domain);
    }
  });

  for (const name of ['main.cf.debian', 'main.cf.dist', 'main.cf.tls']) {
    it(`imports Debian's ${name} with its master.cf, and says what it left out`, async () => {
      const text = (file: string) => fs.readFileSync(path.join(root, 'usr/share/postfix', file), 'utf8');
      const { remarks } = await importSite({ 'main.cf': text(name), 'master.cf': text('master.cf.dist') }, ['main.cf']);
      assert.match(remarks, /^reading master\.cf \(postfix-master\)$/m);
      assert.match(remarks, /^main\.cf:\d+: left out: /m);
      assert.doesNotMatch(remarks, /postfix-syntax|postfix-unknown/);
    });
  }

  it('has the parameters and defaults that the table of parameters is held against', () => {
    const { stdout, stderr } = spawnSync(
      path.join(root, 'usr/sbin/postconf'),
      ['-d', '-c', path.join(root, 'usr/share/postfix')],
      {
        encoding: 'utf8',
        env: environmentOf(root),
      },
    );
    const lines = (text: string) =>
      new Map(
        text
          .split('\n')
          .map((line) => /^(\S+) =\s*(.*)$/.exec(line))
          .flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])),
      );
    const theirs = lines(stdout);
    const ours = lines(fs.readFileSync('test/fixtures/postfix/postconf-d.txt', 'utf8'));
    assert.match(theirs.get('mail_version') ?? stderr, /^3\.7\./);
    assert.deepEqual([...ours.keys()].sort(), [...theirs.keys()].sort());
    // Values that Postfix takes from the machine, or that its release changes, are no part of the table.
    const varying =
      /^(?:my(?:hostname|domain|networks)|process_\w+|service_name|syslog_name|\w+_directory|mail_(?:version|release_date))$/;
    for (const [name, value] of ours) if (!varying.test(name)) assert.equal(value, theirs.get(name), name);
  });
});
