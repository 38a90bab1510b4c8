/**
 * The verdicts of real servers, with the examples that Debian packages and with sites of our own, held against those of
 * the imported policy.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startHaraka } from '../../../testkit/live/haraka';
import { fixtureRoot } from '../../cli/import/support';
import { onPeers } from '../servers/on-package';
import { askPostfix } from './postfix-site';
import { compareVerdicts, type Probe, probesOf } from './probes';
import { askSendmail } from './sendmail-site';
import { type Files, importSite } from './site';

const isLoopback = ({ client }: Probe) => client.ip.startsWith('127.') || client.ip === '::1';

function filesOf(folder: string): Files {
  return Object.fromEntries(
    fs.readdirSync(folder).map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]),
  );
}

onPeers('an imported policy beside the real sendmail', ['sendmail'], ({ sendmail: root }) => {
  const example = (name: string) => fs.readFileSync(path.join(root, 'usr/share/sendmail', name), 'utf8');
  const debian = (access: string): Files => ({
    'sendmail.mc': example('cf/debian/sendmail.mc'),
    'relay-domains': example('examples/db/relay-domains'),
    'local-host-names': 'local.example\n',
    access,
  });
  const clients = [
    ...[
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '10.1.2.3',
      '172.16.1.1',
      '172.32.1.1',
      '192.168.7.7',
      '192.0.2.7',
      '169.254.1.1',
    ],
    ...['224.0.0.5', '255.255.255.255', '203.0.113.9', '2001:db8::9'],
  ].map((ip) => ({ ip, name: isLoopback({ client: { ip }, localPart: '', domain: '' }) ? 'localhost' : undefined }));
  const recipients = ['user@else.example', 'user@sub.else.example'];

  for (const { name, edit } of [
    { name: 'as Debian ships it', edit: (access: string) => access },
    {
      name: 'with the networks switched on that it lists as comments',
      edit: (access: string) => access.replace(/^#((?:Connect|GreetPause|ClientRate|ClientConn):[0-9])/gm, '$1'),
    },
  ]) {
    it(`decides as the example access map, ${name}`, async () => {
      const files = debian(edit(example('examples/db/access')));
      const probes = probesOf(clients, recipients);
      const original = await askSendmail(root, files, probes);
      const kept = await importSite(files, ['sendmail.mc', '--keep-loopback']);
      assert.ok(compareVerdicts(probes, original, kept.policy) >= 6);
      const plain = await importSite(files, ['sendmail.mc']);
      compareVerdicts(probes, original, plain.policy, isLoopback);
      assert.match(plain.remarks, /^access:\d+: left out: Connect:127 RELAY: loopback/m);
    });
  }

  const departmentClients = [
    { ip: '192.0.2.7' },
    { ip: '192.0.2.64' },
    { ip: '198.51.100.9' },
    { ip: '198.51.100.10' },
    { ip: '203.0.113.4' },
    { ip: '203.0.113.5' },
    { ip: '2001:db8:12:1::5' },
    { ip: '2001:db8:12:66::5' },
    { ip: '2001:db8:f00::1' },
    { ip: '233.252.0.1', name: 'pc.dept.example.org' },
    { ip: '233.252.0.2', name: 'pc.guest.dept.example.org' },
    { ip: '233.252.0.3', name: 'mail.spammer.example.com' },
    { ip: '233.252.0.4', name: 'a.bulk.example.com' },
    { ip: '233.252.0.5', name: 'host.partner.example.net' },
    { ip: '233.252.0.6', name: 'host.friend.example.com' },
    { ip: '233.252.0.7', name: 'baddept.example.org' },
    { ip: '233.252.0.8', name: 'host.sister.example.org' },
    { ip: '203.0.113.6', name: 'host.friend.example.com' },
  ];
  const departmentRecipients = [
    ...[
      'user@else.example',
      'user@backup.example.net',
      'user@sub.backup.example.net',
      'user@deep.sub.backup.example.net',
    ],
    ...[
      'user@partner.example.net',
      'user@friend.example.com',
      'user@badpartner.example.net',
      'secretary@boss.example.net',
    ],
    ...['other@boss.example.net', 'user@sister.example.org', 'user@host.dept.example.org', 'reject@backup.example.net'],
  ];

  it('decides as a department with most forms of an access map', async () => {
    const files = filesOf(path.join(fixtureRoot, 'sendmail-department', 'source'));
    const probes = probesOf(departmentClients, departmentRecipients);
    // m4 does not see the file that RELAY_DOMAIN stands in for; makemap takes the first of two equal keys.
    const original = await askSendmail(root, withoutRepeats(files), probes);
    const { policy } = await importSite(files, ['sendmail.mc']);
    // A name that is RELAY or unlisted does not save a refused address here; in sendmail a name found first does.
    const stricter = ({ client }: Probe) => client.ip === '203.0.113.6';
    assert.ok(compareVerdicts(probes, original, policy, stricter) >= 40);
  });

  it('decides as a site that lists hosts, not domains', async () => {
    const files: Files = {
      'sendmail.mc':
        "OSTYPE(`linux')dnl\nFEATURE(`access_db')dnl\nFEATURE(`relay_hosts_only')dnl\nRELAY_DOMAIN(`one.example.org 192.0.2')dnl\nMAILER(`smtp')dnl\n",
      access:
        'Connect:two.example.org\tRELAY\nTo:three.example.org\tRELAY\nConnect:four.example.org\tREJECT\nfive.example.org\tRELAY\n',
    };
    const names = ['one', 'sub.one', 'two', 'sub.two', 'three', 'four', 'sub.four', 'five', 'sub.five'];
    const hosts = names.map((name, number) => ({ ip: `233.252.0.${number + 1}`, name: `${name}.example.org` }));
    const probes = probesOf(
      [...hosts, { ip: '192.0.2.5' }, { ip: '192.0.20.5' }],
      ['user@else.example', ...names.map((name) => `user@${name}.example.org`)],
    );
    const original = await askSendmail(root, files, probes);
    const { policy } = await importSite(files, ['sendmail.mc']);
    assert.ok(compareVerdicts(probes, original, policy) >= 40);
  });

  it('gives a live Haraka lists that it starts with', async () => {
    const { files } = await importSite(debian(example('examples/db/access')), ['sendmail.mc']);
    const haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
      files: Object.fromEntries(files),
    });
    await haraka.stop();
    assert.ok(!/fault|CRIT/.test(haraka.log()), haraka.log());
  });
});

/** Without the keys that stand twice, which makemap would end on. */
function withoutRepeats(files: Files): Files {
  const seen = new Set<string>();
  const access = (files.access ?? '').split('\n').filter((line) => {
    const key = line.split(/\s/)[0]?.toLowerCase() ?? '';
    return key === '' || key === '#' || (!seen.has(key) && seen.add(key));
  });
  return { ...files, access: access.join('\n') };
}

onPeers('an imported policy beside the real Postfix', ['postfix'], ({ postfix: root }) => {
  // Postfix gives every client a name of its own here, so that no check of names stands in the way.
  const client = (ip: string, name = 'host.client.example') => ({ ip, name });
  const clients = [
    ...['127.0.0.1', '127.5.5.5', '::1', '192.0.2.7', '192.0.2.66', '192.0.2.129', '192.0.3.7', '198.51.100.7'],
    ...['198.51.100.8', '203.0.113.5', '203.0.113.6', '203.0.113.7', '2001:db8:5::9', '2001:db8:6::9'],
  ].map((ip) => client(ip));
  const named = [
    client('233.252.0.1', 'pc.lab.example.org'),
    client('233.252.0.2', 'lab.example.org'),
    client('233.252.0.3', 'badlab.example.org'),
    client('233.252.0.4', 'mail.spam.example.com'),
    client('233.252.0.5', 'good.spam.example.com'),
  ];

  for (const name of ['main.cf.debian', 'main.cf.dist']) {
    it(`decides as Debian's ${name}`, async () => {
      const text = fs.readFileSync(path.join(root, 'usr/share/postfix', name), 'utf8');
      const set = name === 'main.cf.dist' ? '' : '\nmynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n';
      // Lines of the shipped example that are placeholders for the package's set-up.
      const files: Files = { 'main.cf': `${text.replace(/^\w+ =\s*$/gm, '')}\nmyhostname = mx.local.example${set}\n` };
      const probes = probesOf(clients, ['user@else.example']);
      const original = await askPostfix(root, files, probes);
      const kept = await importSite(files, ['main.cf', '--keep-loopback']);
      assert.ok(compareVerdicts(probes, original, kept.policy) >= 2);
      compareVerdicts(probes, original, (await importSite(files, ['main.cf'])).policy, isLoopback);
    });
  }

  const tables: Files = {
    'networks.cidr': '198.51.100.8 OK\n198.51.100.0/25 OK\n2001:db8:6::/48 OK\n',
    relay_recipients:
      'alice@backup.example.net x\n@open.example.net x\nbob@sub.backup.example.net x\ncarol@else.example x\n',
    'clients.cidr': '203.0.113.5 OK\n203.0.113.0/24 REJECT\n203.0.113.6 OK\n',
    clients: 'spam.example.com REJECT\ngood.spam.example.com OK\n192.0.3 REJECT\n',
  };
  const policyLines = `
myhostname = mx.local.example
mydestination = local.example
mynetworks = 127.0.0.0/8 !192.0.2.66 192.0.2.0/24 !192.0.2.128/25 [2001:db8:5::]/48
    cidr:/etc/postfix/networks.cidr lab.example.org
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_client_restrictions = check_client_access cidr:/etc/postfix/clients.cidr
    check_client_access hash:/etc/postfix/clients
`;
  const recipients = [
    ...['user@else.example', 'alice@backup.example.net', 'bob@backup.example.net', 'bob@sub.backup.example.net'],
    ...['any@open.example.net', 'any@sub.open.example.net', 'any@badopen.example.net', 'carol@else.example'],
  ];
  const variants: readonly (readonly [string, string])[] = [
    ['domains and all below them', 'relay_domains = backup.example.net, open.example.net\n'],
    [
      'exact domains',
      'relay_domains = backup.example.net, .open.example.net\nparent_domain_matches_subdomains = smtpd_access_maps\n',
    ],
    [
      'mailboxes in place of their domains',
      'relay_domains = backup.example.net, open.example.net\nrelay_recipient_maps = hash:/etc/postfix/relay_recipients\n',
    ],
    [
      'no trust in mynetworks',
      'smtpd_relay_restrictions = reject_unauth_destination\nrelay_domains = open.example.net\n',
    ],
  ];
  for (const [name, lines] of variants) {
    it(`decides as a site with tables, and ${name}`, async () => {
      const files: Files = { ...tables, 'main.cf': `${policyLines}${lines}` };
      // Unknown mailboxes of relayed domains are refused to trusted clients too, which a list cannot say (and the import does).
      const unknownTo = ({ client: { ip, name: host }, localPart, domain }: Probe) =>
        lines.includes('relay_recipient_maps') &&
        (/^(?:127|192\.0\.2|198|2001|233\.252\.0\.[12]$)/.test(ip) || host === 'lab.example.org') &&
        ['bob@backup.example.net', 'any@sub.open.example.net'].includes(`${localPart}@${domain}`);
      const probes = probesOf([...clients, ...named], recipients).filter((probe) => !unknownTo(probe));
      const original = await askPostfix(root, files, probes);
      const { policy } = await importSite(files, ['main.cf', '--keep-loopback']);
      // An address is excluded before this name, and the two stand in lists that know nothing of each other here.
      const behindExclusion = (probe: Probe) => /(?:^|\.)lab\.example\.org$/.test(probe.client.name ?? '');
      assert.ok(compareVerdicts(probes, original, policy, behindExclusion) >= 20);
    });
  }
});
