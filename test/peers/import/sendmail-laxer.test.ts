/** The real sendmail on what an import must not carry over too freely: SKIP, mailertable, lookupdotdomain, class VirtHost. */
import assert from 'node:assert/strict';
import type { Client } from '../../cli/import/imported-policy';
import { onPeers } from '../servers/on-package';
import { compareVerdicts, type Probe, probesOf } from './probes';
import { answersOfRules, askSendmail } from './sendmail-site';
import { type Files, importSite } from './site';

interface SiteCase {
  readonly name: string;
  readonly files: Files;
  readonly clients: readonly Client[];
  readonly recipients: readonly string[];
  readonly stricter?: (probe: Probe) => boolean;
  /** Probes that the import is known to permit and sendmail refuses; each has its remark. */
  readonly laxer?: (probe: Probe) => boolean;
  readonly remarks?: readonly string[];
  readonly relayed: number;
}

const mc = (...lines: readonly string[]) =>
  `OSTYPE(\`linux')dnl\n${lines.map((line) => `${line}dnl\n`).join('')}MAILER(\`local')dnl\nMAILER(\`smtp')dnl\n`;

const stranger: Client = { ip: '203.0.113.9' };
const ours: Client = { ip: '192.0.2.7' };

const skipAccess =
  'Connect:192.0.2\tRELAY\nConnect:192.0.2.64\tSKIP\nConnect:192.0.3\tRELAY\nConnect:guest.example.org\tSKIP\n' +
  'Connect:198.51.100\tREJECT\nConnect:198.51.100.7\tSKIP\nTo:backup.example\tRELAY\nTo:sub.backup.example\tSKIP\n' +
  'Connect:203.0.113.5\tRELAY # ours\n';
const skipClients: readonly Client[] = [
  ours,
  stranger,
  { ip: '192.0.2.64' },
  { ip: '192.0.2.65', name: 'pc.guest.example.org' },
  { ip: '192.0.3.1', name: 'pc.guest.example.org' },
  { ip: '198.51.100.7' },
  { ip: '198.51.100.8' },
  { ip: '203.0.113.5' },
  { ip: '233.252.0.1', name: 'pc.guest.example.org' },
];
const skipRecipients = ['user@else.example', 'user@backup.example', 'user@sub.backup.example'];

const cases: readonly SiteCase[] = [
  {
    name: "SKIP without the argument `skip', which refuses",
    files: { 'sendmail.mc': mc("FEATURE(`access_db')"), access: skipAccess },
    clients: skipClients,
    recipients: skipRecipients,
    remarks: ['access-skip', 'access-refused-as-text'],
    relayed: 4,
  },
  {
    name: "SKIP with the argument `skip', which ends the look-up",
    files: { 'sendmail.mc': mc("FEATURE(`access_db', , `skip')"), access: skipAccess },
    clients: skipClients,
    recipients: skipRecipients,
    relayed: 6,
  },
  {
    name: 'recipients refused to everybody by blocklist_recipients',
    files: {
      'sendmail.mc': mc("FEATURE(`access_db')", "FEATURE(`blocklist_recipients')"),
      access:
        'Connect:192.0.2\tRELAY\nTo:bad.example\tREJECT\nTo:backup.example\tRELAY\nTo:gone@backup.example\tERROR:550 gone\n',
    },
    clients: [ours, stranger],
    recipients: ['user@bad.example', 'gone@backup.example', 'user@backup.example', 'user@else.example'],
    laxer: ({ client, localPart, domain }) =>
      client.ip === ours.ip && ['user@bad.example', 'gone@backup.example'].includes(`${localPart}@${domain}`),
    remarks: ['access-recipient'],
    relayed: 3,
  },
  {
    name: 'recipients without blocklist_recipients',
    files: {
      'sendmail.mc': mc("FEATURE(`access_db')"),
      access:
        'Connect:192.0.2\tRELAY\nTo:bad.example\tREJECT\nTo:backup.example\tRELAY\nTo:gone@backup.example\tERROR:550 gone\n',
    },
    clients: [ours, stranger],
    recipients: ['user@bad.example', 'gone@backup.example', 'user@backup.example', 'user@else.example'],
    stricter: ({ localPart }) => localPart === 'gone',
    remarks: ['access-recipient-strangers'],
    relayed: 5,
  },
  {
    name: 'a mailertable',
    files: {
      'sendmail.mc': mc("FEATURE(`access_db')", "FEATURE(`mailertable')"),
      access: 'Connect:192.0.2\tRELAY\n',
      'relay-domains': 'example.org\nexample.net\n',
      mailertable:
        'example.org\tesmtp:[192.0.2.25]\ngone.example.org\terror:5.1.2:550 No such host\n.old.example.org\terror:nohost No more\n' +
        'trap.example.org\tdiscard:\nother.example\tsmtp:[192.0.2.26]\nexample.net\trelay:hub.example.net\nfull.example.org\terror:4.2.2:450 later\n',
    },
    clients: [ours, stranger],
    recipients: [
      ...['example.org', 'a.example.org', 'gone.example.org', 'a.gone.example.org', 'old.example.org'],
      ...['a.old.example.org', 'b.a.old.example.org', 'trap.example.org', 'other.example', 'example.net'],
      ...['full.example.org', 'else.example'],
    ].map((domain) => `user@${domain}`),
    laxer: ({ client, domain }) =>
      client.ip === ours.ip && /^(?:gone|trap|full|.*\.old)\.example\.org$/.test(domain) && !domain.includes('a.gone'),
    remarks: ['mailertable-refuses', 'mailertable-discards', 'mailertable-mx', 'mailertable-route'],
    relayed: 10,
  },
  {
    name: 'lookupdotdomain',
    files: {
      'sendmail.mc': mc("FEATURE(`access_db')", "FEATURE(`lookupdotdomain')"),
      access:
        'Connect:.from.example.org\tRELAY\nTo:.to.example.org\tRELAY\nConnect:.spam.example.com\tREJECT\n' +
        'Connect:ok.spam.example.com\tOK\n.both.example.net\tRELAY\nboth.example.net\tREJECT\n',
    },
    clients: [
      'from.example.org a.from.example.org b.a.from.example.org spam.example.com a.spam.example.com ok.spam.example.com',
      'a.ok.spam.example.com both.example.net a.both.example.net',
    ]
      .join(' ')
      .split(' ')
      .map((name, number) => ({ ip: `233.252.0.${number + 1}`, name })),
    recipients: ['user@else.example', 'user@to.example.org', 'user@a.to.example.org', 'user@a.both.example.net'],
    relayed: 10,
  },
  {
    name: 'class R with a leading dot, and class VirtHost',
    files: {
      'sendmail.mc': mc("FEATURE(`access_db')", "FEATURE(`virtusertable')", "VIRTUSER_DOMAIN(`virtual.example.net')"),
      access: 'Connect:192.0.2\tRELAY\n',
      'relay-domains': '.below.example.org\n',
      virtusertable: 'user@virtual.example.net\tnobody\nbad@virtual.example.net\terror:nouser 550 No\n',
    },
    clients: [
      stranger,
      { ip: '233.252.0.1', name: 'below.example.org' },
      { ip: '233.252.0.2', name: 'a.below.example.org' },
      { ip: '233.252.0.3', name: 'a.virtual.example.net' },
    ],
    recipients: [
      'below.example.org',
      'a.below.example.org',
      'b.a.below.example.org',
      'a.virtual.example.net',
      'else.example',
    ].map((domain) => `user@${domain}`),
    remarks: ['virtual-users', 'virtual-refused', 'subdomains-only'],
    relayed: 10,
  },
];

onPeers('what is laxer or stricter than sendmail', ['sendmail'], ({ sendmail: root }) => {
  for (const { name, files, clients, recipients, stricter, laxer = () => false, remarks = [], relayed } of cases) {
    it(`is remarked on: ${name}`, async () => {
      const probes = probesOf(clients, recipients);
      const original = await askSendmail(root, files, probes);
      const imported = await importSite(files, ['sendmail.mc']);
      const kept = probes.filter((probe) => !laxer(probe));
      const answers = original.filter((_, number) => !laxer(probes[number] as Probe));
      assert.ok(compareVerdicts(kept, answers, imported.policy, stricter) >= relayed, JSON.stringify(original));
      for (const code of remarks) assert.match(imported.remarks, new RegExp(`\\[${code}\\]`));
      // What is excused as laxer is so indeed.
      for (const [number, probe] of probes.entries()) {
        if (laxer(probe)) assert.notEqual(original[number], 'relayed', JSON.stringify(probe));
      }
    });
  }

  it('takes mail for the name of confDOMAIN_NAME as local, as the import does', async () => {
    const files = { 'sendmail.mc': mc("define(`confDOMAIN_NAME', `mail.example.org')"), access: '' };
    assert.match(await answersOfRules(root, files, '$=w\n'), /^mail\.example\.org$/m);
    assert.match((await importSite(files, ['sendmail.mc'])).files.get('host_list') ?? '', /^mail\.example\.org\b/m);
  });
});
