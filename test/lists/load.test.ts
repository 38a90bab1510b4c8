import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { inspect } from 'node:util';
import { loadSite } from '../../src/lists/load';
import { CannotStart, PolicyStore } from '../../src/lists/policy-store';
import { address, now } from '../../testkit/core';
import { type Folder, makeFolder } from '../../testkit/folder';

interface LoadCase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly make?: (folder: Folder) => void;
  /** `file:line code` of each finding; none where it loads. */
  readonly findings: readonly string[];
}

const cases: readonly LoadCase[] = [
  { name: 'loads an empty folder: the defaults', files: {}, findings: [] },
  {
    name: 'loads where the settings name nothing',
    files: { 'smtpcheck.ini': '[relay]\nlocal_ip=\nrelay_map=\n' },
    findings: [],
  },
  {
    name: 'misses a file that the settings name',
    files: { 'smtpcheck.ini': '[relay]\nlocal_ip=ours' },
    findings: ['ours:1 file-missing'],
  },
  {
    name: 'misses a default file too once the settings name it',
    files: { 'smtpcheck.ini': '[deny]\nhosts=host.deny' },
    findings: ['host.deny:1 file-missing'],
  },
  { name: 'takes any line of host_list, as Haraka does', files: { host_list: '*.local.example # ours' }, findings: [] },
  {
    name: 'does not take a directory for host_list',
    files: { 'host_list/x': '' },
    findings: ['host_list:1 file-unreadable'],
  },
  { name: 'does not take a directory for a list', files: { 'localip/x': '' }, findings: ['localip:1 file-unreadable'] },
  {
    // A pattern that tries every blank as the start of the text takes minutes; the runner waits for seconds.
    name: 'does not linger over a reply of blanks',
    files: {
      'relay.map': `example.org 550 ${' '.repeat(4_000)}é\nexample.net 550 ${' '.repeat(300_000)}é\n`.repeat(100),
    },
    findings: Array.from(
      { length: 200 },
      (_, i) => `relay.map:${i + 1} ${i % 2 ? 'unexpected-text' : 'map-reply-syntax'}`,
    ),
  },
  {
    name: 'does not wait for a FIFO',
    files: {},
    make: (folder) => execFileSync('mkfifo', [folder.file('relay.to'), folder.file('relay.map')]),
    findings: ['relay.to:1 file-unreadable', 'relay.map:1 file-unreadable'],
  },
  {
    name: 'does not take a directory for the settings',
    files: { 'smtpcheck.ini/x': '' },
    findings: ['smtpcheck.ini:1 file-unreadable'],
  },
  {
    name: 'reports every fault of every list at once',
    files: {
      localip: '192.0.2.9/24\n192.0.2.7\n0.0.0.0/0',
      localdomain: 'jp',
      'relay.to': '*.backup.example',
      'relay.map': 'From:a.example RELAY',
      'host.deny': 'a@spam.example',
      host_list_regex: '*.local.example',
    },
    findings: [
      'localip:1 prefix-host-bits',
      'localip:3 prefix-everything',
      'localdomain:1 domain-public-suffix',
      'relay.to:1 domain-wildcard',
      'relay.map:1 map-from-relay',
      'host.deny:1 mailbox-not-here',
      'host_list_regex:1 pattern-syntax',
    ],
  },
  {
    name: 'reports every fault of the settings',
    files: { 'smtpcheck.ini': 'x\n[dns]\ntries=0' },
    findings: ['smtpcheck.ini:1 ini-syntax', 'smtpcheck.ini:3 ini-value'],
  },
  { name: 'reads lists as UTF-8', files: { localdomain: 'bücher.example' }, findings: [] },
];

describe('loadSite', () => {
  for (const { name, files, make, findings } of cases) {
    it(name, () => {
      const folder = makeFolder(files);
      make?.(folder);
      const site = loadSite(folder.path);
      assert.deepEqual(
        site.findings.map(({ at, code }) => `${at.file}:${at.line} ${code}`),
        findings,
      );
      assert.equal(site.policy === undefined, findings.length > 0);
    });
  }

  it('finds lists by absolute names, and calls them what the settings call them', () => {
    const elsewhere = makeFolder({ clients: '192.0.2\n' });
    const folder = makeFolder({ 'smtpcheck.ini': `[relay]\nlocal_ip=${elsewhere.file('clients')}` });
    const entry = loadSite(folder.path).policy?.relay.clientNetworks.findAddress(address('192.0.2.7'), now);
    assert.deepEqual(entry?.source, { file: elsewhere.file('clients'), line: 1 });
  });

  it('is no policy for anybody until the lists say so', () => {
    const policy = loadSite(makeFolder().path).policy;
    assert.ok(policy);
    assert.equal(policy.relay.clientNetworks.size + policy.relay.destinations.size + policy.relay.map.size, 0);
    assert.equal(policy.relay.restriction, true);
    assert.ok(!policy.relay.localDomains.has('local.example') && !policy.relay.localDomains.has(''));
  });
});

describe('PolicyStore', () => {
  it('does not start where anything is at fault, and reports it all', () => {
    const folder = makeFolder({ localip: '192.0.2.9/24\n300.1.1.1', 'host.deny': 'jp' });
    const silent = { loginfo() {}, lognotice() {}, logwarn() {}, logerror() {} };
    assert.throws(
      () => new PolicyStore(folder.path, silent),
      (error: unknown) => {
        assert.ok(error instanceof CannotStart);
        assert.deepEqual(error.message.split('\n'), [
          'smtpcheck cannot start:',
          '  localip:1: prefix-host-bits: 192.0.2.9/24 has host bits set; write 192.0.2.0/24',
          '  localip:2: address-octet-range: 300.1.1.1 has an octet over 255; octets go from 0 to 255',
          '  host.deny:1: domain-public-suffix: jp is a public suffix: everybody who registers a name below it would be covered; name the domains that are meant',
        ]);
        // Nothing of the findings comes a second time, as objects, where Node prints the error.
        assert.equal(error.findings.length, 3);
        assert.doesNotMatch(inspect(error), /findings|Object/);
        return true;
      },
    );
  });

  it('cuts a report that nobody would read to its end', () => {
    const folder = makeFolder({ localip: '300.1.1.1\n'.repeat(1000) });
    const silent = { loginfo() {}, lognotice() {}, logwarn() {}, logerror() {} };
    assert.throws(() => new PolicyStore(folder.path, silent), /\n {2}and 800 more$/);
  });
});
