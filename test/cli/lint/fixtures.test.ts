import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { lists } from '../../../examples/department';
import { checkout } from '../../../examples/haraka-directory';
import { lintCodes } from '../../../src/cli/lint/finding';
import { findingCodes } from '../../../src/policy/findings/finding';
import { type Folder, makeFolder } from '../../../testkit/folder';
import { type DnsStub, startDns } from '../../../testkit/live/dns';
import { copyOf, fixtures, linesOf, textOf } from './fixture';

interface Fixture {
  /** The folder under test/fixtures/lint, named after what is wrong in it. */
  readonly name: string;
  readonly findings: readonly string[];
  /** What a checkout cannot hold. */
  readonly arrange?: (folder: Folder) => void;
  readonly dns?: true;
}

const cases: readonly Fixture[] = [
  {
    name: 'entry-shadowed',
    findings: [
      'host.deny:2 warning entry-shadowed',
      'localdomain:2 warning entry-shadowed',
      'localip:2 warning entry-shadowed',
      'relay.to:2 warning entry-shadowed',
      'relay.to:5 warning entry-shadowed',
    ],
  },
  {
    name: 'entry-twice',
    findings: [
      'host_list:2 warning entry-twice',
      'localdomain:2 warning entry-twice',
      'localdomain:3 warning entry-shadowed',
      'localip:3 warning entry-twice',
      'relay.to:2 warning entry-twice',
    ],
  },
  {
    name: 'exclusion-of-nothing',
    findings: [
      'localdomain:3 warning exclusion-of-nothing',
      'localip:2 warning exclusion-of-nothing',
      'relay.to:1 warning exclusion-of-nothing',
    ],
  },
  {
    name: 'relay-map-never-decides',
    findings: [
      'relay.map:2 warning entry-shadowed',
      'relay.map:3 warning entry-shadowed',
      'relay.map:6 warning entry-twice',
      'relay.map:9 warning entry-shadowed',
      'relay.map:12 warning entry-shadowed',
    ],
  },
  { name: 'map-ok-idle', findings: ['relay.map:1 warning map-ok-idle', 'relay.map:4 warning map-ok-idle'] },
  {
    name: 'map-refusal-idle',
    findings: [1, 2, 3, 5, 6, 7].map((line) => `relay.map:${line} warning map-refusal-idle`),
  },
  {
    name: 'map-reply-semicolon',
    findings: [1, 2].map((line) => `relay.map:${line} warning map-reply-semicolon`),
  },
  {
    name: 'entry-expired',
    findings: [
      'host.deny:1 warning entry-expired',
      'localip:1 warning entry-expired',
      'localip:2 warning entry-expired',
      'localip:4 warning entry-expired',
      'relay.map:1 warning entry-expired',
    ],
  },
  { name: 'entry-expiring', findings: ['localip:1 warning entry-expiring', 'relay.map:1 warning entry-expiring'] },
  { name: 'network-unscoped', findings: [1, 4].map((line) => `localip:${line} warning network-unscoped`) },
  {
    name: 'sender-public-mail',
    findings: ['localdomain:1 warning sender-public-mail', 'localip:1 warning sender-public-mail'],
  },
  {
    name: 'limit-without-effect',
    findings: ['localdomain:1', 'localip:1'].map((at) => `${at} warning limit-without-effect`),
  },
  {
    name: 'mx-opens',
    findings: [
      ...['relay.to:1 warning mx-opens', 'relay.to:4 warning entry-shadowed', 'relay.to:4 warning mx-opens'],
      ...['relay.to:5 warning network-wide', 'relay.to:6 warning network-private'],
    ],
  },
  {
    name: 'network-wide',
    findings: [
      'host.deny:1 warning network-wide',
      'localip:1 warning network-wide',
      'localip:2 warning network-wide',
      'localip:3 warning entry-shadowed',
      'localip:4 warning entry-shadowed',
      'localip:5 warning network-wide',
      'relay.map:1 warning network-wide',
    ],
  },
  {
    name: 'networks-everything',
    findings: [
      'host.deny:1 error networks-everything',
      'localip:3 error networks-everything',
      'relay.map:2 warning trusted-client-denied',
      'relay.map:3 error networks-everything',
    ],
  },
  {
    name: 'network-without-length',
    findings: [
      ...[1, 2, 4].map((line) => `host.deny:${line} warning network-without-length`),
      ...[1, 2].map((line) => `relay.map:${line} warning network-without-length`),
    ],
  },
  {
    name: 'range-as-name',
    findings: [
      'host.deny:1 warning range-as-name',
      'host.deny:2 warning range-as-name',
      'relay.to:1 warning range-as-name',
    ],
  },
  {
    name: 'network-loopback',
    findings: [
      'localip:1 warning network-loopback',
      'localip:2 warning network-loopback',
      'relay.map:1 warning network-loopback',
    ],
  },
  {
    name: 'network-private',
    findings: [1, 2, 3, 4, 5, 6, 7].map((line) => `localip:${line} warning network-private`),
  },
  { name: 'network-docker', findings: [1, 2, 3].map((line) => `localip:${line} warning network-docker`) },
  { name: 'proxy-trusted', findings: [1, 3, 4].map((line) => `localip:${line} error proxy-trusted`) },
  {
    name: 'trusted-client-denied',
    findings: [
      'localdomain:1 warning trusted-client-denied',
      'localip:1 warning trusted-client-denied',
      'localip:2 warning entry-shadowed',
      'localip:5 warning trusted-client-denied',
      'relay.map:1 warning trusted-client-denied',
      'relay.map:3 warning trusted-client-denied',
    ],
  },
  {
    name: 'deny-covers-this-host',
    findings: [1, 2, 3, 4].map((line) => `host.deny:${line} warning deny-covers-this-host`),
  },
  {
    name: 'public-mail-domain',
    findings: [
      'host_list:2 error public-mail-domain',
      'relay.map:1 error public-mail-domain',
      'relay.to:1 error public-mail-domain',
      'relay.to:2 warning exclusion-of-nothing',
      'relay.to:3 warning entry-shadowed',
    ],
  },
  {
    name: 'destination-is-local',
    findings: [
      'relay.to:1 warning destination-is-local',
      'relay.to:2 warning entry-shadowed',
      'relay.to:2 warning destination-is-local',
      'relay.to:4 warning exclusion-of-nothing',
      'relay.to:5 warning destination-is-local',
    ],
  },
  { name: 'next-hop-here', findings: [1, 2, 4, 7].map((line) => `relay.to:${line} error next-hop-here`) },
  {
    name: 'documentation-entry',
    findings: [
      'localdomain:1',
      'localdomain:2',
      'localip:1',
      'relay.map:1',
      'relay.to:1',
      'relay.to:2',
      'relay.to:3',
      'relay.to:4',
    ].map((place) => `${place} warning documentation-entry`),
  },
  { name: 'plugin-misspelt', findings: [1, 3, 4, 5].map((line) => `plugins:${line} error plugin-misspelt`) },
  { name: 'plugin-absent', findings: ['plugins:1 warning plugin-absent'] },
  { name: 'plugin-twice', findings: ['plugins:2 error plugin-twice'] },
  { name: 'plugin-order', findings: ['plugins:2 error plugin-order'] },
  {
    name: 'plugin-lifts-refusals',
    findings: ['plugins:1 error plugin-lifts-refusals', 'plugins:4 error plugin-lifts-refusals'],
  },
  { name: 'queue-absent', findings: ['plugins:1 error queue-absent'] },
  {
    name: 'local-recipients-unknown',
    findings: ['host_list:1 error local-recipients-unknown', 'plugins:1 error local-recipients-unknown'],
  },
  { name: 'stock-relay-all', findings: ['relay.ini:3 error stock-relay-all'] },
  { name: 'stock-dest-domains', findings: ['relay.ini:3 error stock-dest-domains'] },
  {
    name: 'stock-acl-length',
    findings: [2, 4, 5].map((line) => `relay_acl_allow:${line} warning stock-acl-length`),
  },
  { name: 'stock-acl-host-bits', findings: ['relay_acl_allow:2 warning stock-acl-host-bits'] },
  { name: 'host-list-entry', findings: [3, 4, 5, 7].map((line) => `host_list:${line} warning host-list-entry`) },
  { name: 'escape-sequence-in-a-list', findings: ['host_list:1 warning host-list-entry'] },
  { name: 'dns-over-plugin-timeout', findings: ['smtpcheck.ini:2 warning dns-over-plugin-timeout'] },
  { name: 'mode-observe', findings: ['smtpcheck.ini:5 warning mode-observe'] },
  { name: 'restriction-off', findings: ['smtpcheck.ini:2 warning restriction-off'] },
  {
    name: 'file-writable',
    findings: ['.:1 warning file-writable', 'host.deny:1 warning file-writable', 'localip:1 warning file-writable'],
    arrange: (folder) => {
      fs.chmodSync(folder.file('config/localip'), 0o664);
      fs.chmodSync(folder.file('config/host.deny'), 0o646);
      fs.chmodSync(folder.file('config'), 0o775);
    },
  },
  { name: 'list-misnamed', findings: ['host.deny:1 warning list-misnamed', 'localip:1 warning list-misnamed'] },
  { name: 'deny-list-absent', findings: ['host.deny:1 warning deny-list-absent'] },
  { name: 'log-hides-decisions', findings: ['log.ini:2 warning log-hides-decisions'] },
  {
    name: 'allow-unused',
    findings: [
      ...[1, 2, 3, 5, 6].map((line) => `localip:${line} warning allow-unused`),
      'relay.map:1 warning map-reply-semicolon',
    ],
  },
  {
    name: 'redis-unread',
    findings: ['last.deny:2 warning entry-twice', 'redis:[127.0.0.1:1]host.deny:1 warning redis-unread'],
  },
  {
    name: 'faults-and-slips-together',
    findings: [
      'localdomain:1 error domain-wildcard',
      'localdomain:3 warning entry-twice',
      'our-networks:1 error prefix-host-bits',
      'our-networks:2 warning network-private',
      'our-networks:3 warning entry-twice',
      'our-networks:3 warning network-private',
      'smtpcheck.ini:2 error ini-key-unknown',
    ],
  },
  {
    name: 'hidden-behind-a-line-end',
    findings: [
      'host.deny:1 error bad-characters',
      'localip:1 error bad-characters',
      'relay.map:2 error bad-characters',
      'smtpcheck.ini:2 error bad-characters',
    ],
    arrange: (folder) => {
      folder.write('config/host.deny', '# bad hosts\r203.0.113\rspam.example\r');
      folder.write('config/localip', '198.51.100 # campus\u2028!198.51.100.9\n');
      folder.write('config/relay.map', 'To:a.example REJECT\n# gone\vTo:b.example REJECT\n');
      folder.write('config/smtpcheck.ini', '[deny]\n; see below\u0085[relay]\nat=rcpt\n');
    },
  },
  { name: 'domain-unresolved', dns: true, findings: ['localdomain:2 warning domain-unresolved'] },
  {
    name: 'destination-mx',
    dns: true,
    findings: [
      'relay.to:3 warning destination-mx',
      'relay.to:4 warning destination-mx',
      'relay.to:7 warning entry-shadowed',
      'relay.to:7 warning destination-mx',
    ],
  },
  {
    name: 'destination-mx-here',
    dns: true,
    findings: [
      ...['relay.to:1 error destination-mx-here', 'relay.to:2 error destination-mx-here'],
      'relay.to:6 warning destination-is-local',
    ],
  },
  {
    name: 'next-hop-accepts-all',
    findings: ['relay.to:1 warning next-hop-accepts-all', 'relay.to:4 warning next-hop-accepts-all'],
    arrange: (folder) => {
      const now = Date.now();
      const lines = [
        ['sub.all.example', 'accepts-all', now - 3_600_000],
        ['known.example', 'selective', now],
        ['sub.some.example', 'accepts-all', now],
        ['one.example', 'accepts-all', now],
        ['known.example', 'accepts-all', now - 86_400_001],
      ].map((answer) => JSON.stringify(answer));
      folder.write('smtpcheck.verified', `smtpcheck verified recipients 1\n${lines.join('\n')}\n`);
    },
  },
  {
    name: 'dns-unanswered',
    dns: true,
    findings: ['localdomain:1 warning dns-unanswered', 'relay.to:1 warning dns-unanswered'],
  },
  { name: 'clean-lists-in-use', findings: [] },
  { name: 'clean-entries-with-attributes', findings: [] },
  { name: 'clean-networks-short-of-everything', findings: [] },
  { name: 'clean-network-without-length', findings: [] },
  { name: 'clean-part-of-a-trusted-network-denied', findings: [] },
  { name: 'clean-deny-beside-this-host', findings: [] },
  { name: 'clean-plugins-with-similar-names', findings: [] },
  { name: 'clean-no-deny-plugin', findings: [] },
  { name: 'clean-log-of-refusals', findings: [] },
  { name: 'clean-stock-relay-not-loaded', findings: [] },
  { name: 'clean-beside-karma-and-delay_deny', findings: [] },
];

const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'rules.md'), 'utf8');
const rules = (page.split(/^# Lint$/m)[1] ?? '').split(/^## /m).slice(1);

describe('smtpcheck lint', () => {
  let stub: DnsStub;
  before(async () => {
    stub = await startDns({
      'campus.example': { A: ['192.0.2.1'] },
      // Hosts are below it; of its own it has nothing.
      'empty.example': {},
      'broken.example': { answer: 'SERVFAIL' },
      'best.example': { MX: [[10, 'mx.local.example']] },
      'equal.example': {
        MX: [
          [10, 'mx.local.example'],
          [10, 'mx.other.example'],
        ],
      },
      'behind.example': {
        MX: [
          [10, 'mx.other.example'],
          [20, 'mx.local.example'],
        ],
      },
      'routed.example': { MX: [[10, 'mx.local.example']] },
      'local.example': { MX: [[10, 'mx.local.example']] },
      'named.example': {
        MX: [
          [5, 'mx.other.example'],
          [10, 'mx.local.example'],
        ],
      },
      'addressed.example': {
        MX: [
          [10, 'first.addressed.example'],
          [20, 'backup.addressed.example'],
        ],
      },
      'first.addressed.example': { A: ['192.0.2.3'] },
      'backup.addressed.example': { A: ['127.0.0.1'] },
      'other.example': { MX: [[10, 'mx.other.example']] },
      'mx.other.example': { A: ['192.0.2.3'] },
      'none.example': { A: ['192.0.2.4'] },
      'loopback.example': {
        MX: [
          [5, 'mx.other.example'],
          [10, 'mx.loopback.example'],
        ],
      },
      // No interface shows it, and it is this host all the same.
      'mx.loopback.example': { A: ['127.0.0.2'] },
      'alias.example': { MX: [[10, 'MX2.local.example']] },
    });
  });
  after(() => stub.stop());

  for (const { name, findings, arrange, dns = false } of cases) {
    it(`${findings.length > 0 ? 'finds' : 'finds nothing in'} ${name}`, async () => {
      const folder = copyOf(name, stub.port);
      arrange?.(folder);
      assert.deepEqual(await linesOf(folder, dns), findings);
    });
  }

  it('asks the DNS nothing without --dns', async () => {
    stub.clear();
    for (const name of ['domain-unresolved', 'destination-mx', 'dns-unanswered'])
      await linesOf(copyOf(name, stub.port));
    assert.deepEqual(stub.questions, []);
  });

  it('raises no alarm on the shipped configuration', async () => {
    const folder = copyOf('clean-lists-in-use');
    fs.rmSync(folder.file('config'), { recursive: true });
    fs.cpSync(path.join(checkout, 'config'), folder.file('config'), { recursive: true });
    folder.write('config/plugins', 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n');
    folder.write('config/host_list', 'local.example\n');
    for (const file of fs.readdirSync(folder.file('config'))) fs.chmodSync(folder.file(`config/${file}`), 0o644);
    assert.deepEqual(await linesOf(folder), []);
  });

  it('raises no alarm on the example that npm start runs', async () => {
    const folder = makeFolder();
    for (const [file, text] of Object.entries(lists)) folder.write(`config/${file}`, text);
    folder.write('config/plugins', 'example_names\nsmtpcheck\nrcpt_to.in_host_list\nkeep_messages\n');
    fs.cpSync(path.join(checkout, 'examples', 'plugins'), folder.file('plugins'), { recursive: true });
    for (const file of fs.readdirSync(folder.file('config'))) fs.chmodSync(folder.file(`config/${file}`), 0o644);
    fs.chmodSync(folder.file('config'), 0o755);
    assert.deepEqual(await linesOf(folder), []);
  });

  it('raises no alarm on the lists in README.md, a site that is an example as a whole', async () => {
    const readme = fs.readFileSync(path.join(checkout, 'README.md'), 'utf8');
    const folder = makeFolder();
    for (const [, file, text = ''] of readme.matchAll(/^`config\/([\w.]+)`\n\n```\n(.*?)^```$/gms))
      folder.write(`config/${file}`, text);
    for (const file of fs.readdirSync(folder.file('config'))) fs.chmodSync(folder.file(`config/${file}`), 0o644);
    fs.chmodSync(folder.file('config'), 0o755);
    assert.deepEqual(await linesOf(folder), []);
  });

  it('has a case for each fixture, and a fixture for each case', () => {
    assert.deepEqual(cases.map(({ name }) => name).sort(), fs.readdirSync(fixtures).sort());
  });

  for (const code of lintCodes) {
    it(`has a fixture named ${code} in which it is found, and whose report docs/reference/rules.md shows`, async () => {
      const own = cases.find(({ name }) => name === code);
      assert.ok(own?.findings.some((line) => line.endsWith(` ${code}`)));
      const folder = copyOf(code, stub.port);
      own?.arrange?.(folder);
      const printed = (await textOf(folder, own?.dns ?? false)).map((line) => line.replace(folder.path, '/etc/haraka'));
      const shown = /^```text\n(.+)\n```$/m.exec(rules.find((rule) => rule.startsWith(`${code}\n`)) ?? '')?.[1] ?? '';
      assert.ok(shown.endsWith(` [${code}]`));
      assert.ok(printed.includes(shown), shown);
    });
  }
});

describe('docs/reference/rules.md, of lint', () => {
  it('has a heading for each code, in their order, and for nothing else', () => {
    assert.deepEqual(
      rules.map((rule) => rule.split('\n')[0]),
      [...lintCodes],
    );
  });

  for (const rule of rules) {
    const [code = '', ...text] = rule.split('\n');
    it(`says what ${code} means`, () => assert.ok(text.join(' ').trim().length > 60));
  }

  it('shares no code with the faults of a load', () => {
    const faults: readonly string[] = findingCodes;
    assert.deepEqual(
      lintCodes.filter((code) => faults.includes(code)),
      [],
    );
  });
});
