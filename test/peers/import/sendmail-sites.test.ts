/** The fixtures in the style of real sendmail sites, each asked of the real sendmail and of what the import makes of it. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Client } from '../../cli/import/imported-policy';
import { fixtureRoot } from '../../cli/import/support';
import { onPeers } from '../servers/on-package';
import { compareVerdicts, type Probe, probesOf } from './probes';
import { askSendmail, finishedConfiguration } from './sendmail-site';
import { type Files, importSite } from './site';

interface Site {
  readonly name: string;
  readonly clients: readonly (string | Client)[];
  readonly recipients: readonly string[];
  /** Where the import refuses more, which its remarks say. */
  readonly stricter?: (probe: Probe) => boolean;
  /** Where it refuses less: recipients of trusted clients, which its remarks say. */
  readonly laxer?: (probe: Probe) => boolean;
  readonly relayed: number;
}

const stranger = '233.252.0.99';
const to = ({ localPart, domain }: Probe) => `${localPart}@${domain}`;

const sites: readonly Site[] = [
  {
    name: 'sendmail-university',
    clients: [
      ...['192.0.2.1', '192.0.2.77', '198.51.100.3', '203.0.113.16', '203.0.113.18', stranger],
      ...['2001:db8:17::5', '2001:db8:17:dead::5', '2001:db8:18::1'],
      { ip: '233.252.0.1', name: 'mail.phys.example.ac.jp' },
      { ip: '233.252.0.2', name: 'pc.lab7.phys.example.ac.jp' },
      { ip: '233.252.0.3', name: 'math.example.ac.jp' },
      { ip: '233.252.0.4', name: 'dorm.example.ac.jp' },
      { ip: '233.252.0.5', name: 'a.dorm.example.ac.jp' },
      { ip: '233.252.0.6', name: 'mx.spam.example.com' },
      { ip: '233.252.0.7', name: 'mx.bulk.example.net' },
    ],
    recipients: [
      ...['user@else.example', 'user@phys.example.ac.jp', 'user@lab7.phys.example.ac.jp', 'user@math.example.ac.jp'],
      ...['tanaka@phys.example.ac.jp', 'suzuki@chem.example.ac.jp', 'user@dorm.example.ac.jp'],
      ...['user@a.dorm.example.ac.jp', 'spammer@example.net', 'user@bulk.example.net'],
    ],
    laxer: (probe) => /^(?:tanaka@|suzuki@|spammer@|user@bulk)/.test(to(probe)),
    relayed: 60,
  },
  {
    name: 'sendmail-exchange-gateway',
    clients: [
      ...['192.0.2.10', '192.0.2.40', '192.0.2.1', '203.0.113.99', stranger],
      { ip: '233.252.0.1', name: 'a.news.example.org' },
      { ip: '233.252.0.2', name: 'mail.example.com' },
    ],
    recipients: [
      ...['user@example.com', 'user@a.example.com', 'user@example.net', 'user@old.example.com', 'user@else.example'],
      ...['allstaff@example.com', 'printer@example.com', 'user@partner.example.org', 'user@a.old.example.com'],
    ],
    laxer: (probe) => /^(?:allstaff|printer)@|@old\.example\.com$/.test(to(probe)),
    relayed: 16,
  },
  {
    name: 'sendmail-hosting',
    clients: [
      ...['192.0.2.128', '192.0.2.130', '192.0.2.131', '203.0.113.4', '198.51.100.1', '198.51.100.25', stranger],
      { ip: '233.252.0.1', name: 'web1.example.net' },
      { ip: '233.252.0.2', name: 'a.shop.example.com' },
    ],
    recipients: [
      ...['user@else.example', 'user@customer.example.org', 'user@a.customer.example.org', 'user@a.shop.example.com'],
      ...['user@a.unpaid.example.com', 'user@unpaid.example.com'],
    ],
    laxer: (probe) => /unpaid/.test(to(probe)),
    relayed: 20,
  },
  {
    name: 'sendmail-isp',
    clients: [
      ...['198.18.0.1', '198.18.2.9', '198.18.2.10', '198.18.128.1', '198.18.128.7', '198.18.4.1', '192.0.2.1'],
      ...['192.0.2.200', '192.0.2.201', '192.0.3.9', '198.51.100.1', '203.0.113.1', '203.0.113.25', '203.0.113.77'],
      ...['2001:db8:100::1', '2001:db8:100:bad::1', stranger],
      { ip: '233.252.0.1', name: 'a.dsl.example.net' },
      { ip: '233.252.0.2', name: 'b.unknown.dial.example.net' },
      { ip: '233.252.0.3', name: 'b.dial.example.net' },
      { ip: '233.252.0.4', name: 'a.dynamic.example.com' },
      { ip: '233.252.0.5', name: 'mail.branch.corp.example.com' },
      { ip: '198.18.2.9', name: 'a.dsl.example.net' },
    ],
    recipients: [
      ...[
        'user@else.example',
        'user@partner.example.org',
        'user@sales.partner.example.org',
        'user@customer1.example.com',
      ],
      ...['user@customer3.example.com', 'postmaster@customer3.example.com', 'list@customer3.example.com'],
      ...['user@corp.example.com', 'user@a.branch.corp.example.com'],
    ],
    // A name that is RELAY saves an address that is refused in sendmail; and OK for one mailbox ends its domain here.
    stricter: (probe) =>
      (probe.client.ip === '198.18.2.9' && probe.client.name !== undefined) || probe.localPart === 'postmaster',
    laxer: (probe) => probe.localPart === 'list',
    relayed: 90,
  },
];

function filesOf(name: string): Files {
  const folder = path.join(fixtureRoot, name, 'source');
  return Object.fromEntries(
    fs.readdirSync(folder).map((file) => [file, fs.readFileSync(path.join(folder, file), 'utf8')]),
  );
}

/** The entries without what says where they come from, in whatever order. */
function entriesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\s*[#;].*$/, '').replace(/\s+/g, ' '))
    .filter((line) => line !== '')
    .sort();
}

/** The policy alone: neither what asks the DNS, nor where Debian has its files. */
function forDebian(files: Files): Files {
  const mc = (files['sendmail.mc'] ?? '')
    .replace('/usr/share/sendmail-cf/', '/usr/share/sendmail/cf/')
    .replace(/^FEATURE\(`(?:dnsbl|enhdnsbl|require_rdns|drac|badmx|relay_based_on_MX)'.*\n/gm, '')
    .replace(/^LOCAL_RULESETS\n(?:.*\n)*/m, '')
    .replace(/^Kpopauth.*\n/m, '')
    .replace(/^MAILER\(`procmail'\).*\n/m, '');
  return { ...files, 'sendmail.mc': mc };
}

onPeers('a site imported from sendmail', ['sendmail'], ({ sendmail: root }) => {
  for (const { name, clients, recipients, stricter, laxer = () => false, relayed } of sites) {
    it(`decides as the real one: ${name}`, async () => {
      const files = filesOf(name);
      const probes = probesOf(
        clients.map((client) => (typeof client === 'string' ? { ip: client } : client)),
        recipients,
      );
      const original = await askSendmail(root, forDebian(files), probes);
      const { policy } = await importSite(files, ['sendmail.mc']);
      const kept = probes.filter((probe) => !laxer(probe));
      const answers = original.filter((_, number) => !laxer(probes[number] as Probe));
      assert.ok(compareVerdicts(kept, answers, policy, stricter) >= relayed);
      // Strangers may send to none of the recipients that are excused.
      for (const [number, probe] of probes.entries()) {
        if (!laxer(probe) || probe.client.ip !== stranger) continue;
        assert.notEqual(policy.decide(probe.client, probe.localPart, probe.domain), 'relayed', to(probe));
        assert.notEqual(original[number], 'relayed', to(probe));
      }
    });

    it(`comes to the same lists by the finished sendmail.cf: ${name}`, async () => {
      const files = forDebian(filesOf(name));
      const fromMc = await importSite(files, ['sendmail.mc']);
      const { 'sendmail.mc': _, ...others } = files;
      const cf = await finishedConfiguration(root, files);
      const fromCf = await importSite({ ...others, 'sendmail.cf': cf }, ['sendmail.cf']);
      for (const [file, text] of fromMc.files) {
        assert.deepEqual(entriesOf(fromCf.files.get(file) ?? ''), entriesOf(text), file);
      }
    });
  }
});
