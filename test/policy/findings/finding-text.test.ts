import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type ListKind, parseList } from '../../../src/policy/entries/list';
import { parseHostListRegex } from '../../../src/policy/entries/local-domains';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import {
  type Finding,
  type FindingCode,
  fault,
  findingCodes,
  hasFault,
  warning,
} from '../../../src/policy/findings/finding';
import { describeFault, describeFinding } from '../../../src/policy/findings/finding-text';
import { parseSettings } from '../../../src/policy/settings/settings';

type Parsed = ListKind | 'relay_map' | 'host_list_regex' | 'settings';
type Source = Parsed | readonly Finding[];

interface FindingCase {
  readonly code: FindingCode;
  readonly in: Source;
  readonly text: string;
  readonly suggestion?: string;
}

const at = { file: 'localip', line: 1 };

/** Each code at least once: the text that has it, and what is offered instead. */
const cases: readonly FindingCase[] = [
  { code: 'list-format', in: 'hosts', text: '{"cidr":"192.0.2.0/24","sblid":"SBL1"}' },
  { code: 'bad-characters', in: 'local_ip', text: '192.0.2.7\u00a0' },
  { code: 'unexpected-text', in: 'local_ip', text: '192.0.2.7 192.0.2.8' },
  { code: 'unexpected-text', in: 'hosts', text: '!' },
  { code: 'hash-in-mailbox', in: 'relay_to', text: '!tag#1@backup.example' },
  { code: 'contradiction', in: 'hosts', text: 'spam.example\n!spam.example' },
  { code: 'file-missing', in: [fault('file-missing', at, 'localip')], text: '' },
  { code: 'file-unreadable', in: [fault('file-unreadable', at, 'localip', { detail: 'it is a directory' })], text: '' },
  { code: 'redis-plugin-missing', in: [fault('redis-plugin-missing', at, 'local_ip=redis:localip')], text: '' },
  { code: 'redis-type', in: [fault('redis-type', at, 'localip', { detail: 'zset' })], text: '' },
  { code: 'address-syntax', in: 'local_ip', text: '192.0.2.7.', suggestion: '192.0.2.7' },
  { code: 'address-syntax', in: 'local_ip', text: '2001:db8::7::' },
  { code: 'address-leading-zero', in: 'hosts', text: '192.000.002.007', suggestion: '192.0.2.7' },
  { code: 'address-octet-range', in: 'relay_to', text: '300.0.2.7' },
  { code: 'address-brackets', in: 'relay_to', text: '[192.0.2.25]', suggestion: '192.0.2.25' },
  { code: 'address-zone', in: 'local_ip', text: 'fe80::%1/64', suggestion: 'fe80::/64' },
  { code: 'address-not-here', in: 'local_domain', text: '2001:db8::7' },
  { code: 'address-range', in: 'local_ip', text: '192.0.2.0 - 192.0.2.63', suggestion: '192.0.2.0/26' },
  { code: 'address-range', in: 'hosts', text: '!192.0.2.1 -192.0.2.2', suggestion: '!192.0.2.1, !192.0.2.2' },
  { code: 'address-range', in: 'relay_to', text: '192.0.2.9- 192.0.2.2' },
  { code: 'prefix-length', in: 'local_ip', text: '192.0.2.0/255.255.255.192', suggestion: '192.0.2.0/26' },
  { code: 'unexpected-text', in: 'hosts', text: '192.0.2.0 255.255.255.192', suggestion: '192.0.2.0/26' },
  { code: 'prefix-length', in: 'local_ip', text: '2001:db8::/200' },
  { code: 'prefix-everything', in: 'local_ip', text: '::/0' },
  { code: 'prefix-host-bits', in: 'local_ip', text: '!192.0.2.9/24', suggestion: '!192.0.2.0/24' },
  { code: 'prefix-partial', in: 'local_ip', text: '10/8', suggestion: '10.0.0.0/8' },
  { code: 'domain-syntax', in: 'local_domain', text: 'campus_example,cs' },
  { code: 'domain-leading-dot', in: 'hosts', text: '.spam.example', suggestion: 'spam.example' },
  { code: 'domain-wildcard', in: 'relay_to', text: '!*.old.example', suggestion: '!old.example' },
  { code: 'domain-public-suffix', in: 'local_domain', text: 'CO.JP' },
  { code: 'domain-not-here', in: 'local_ip', text: 'localhost' },
  { code: 'mailbox-syntax', in: 'relay_to', text: '@backup.example' },
  { code: 'mailbox-not-here', in: 'local_domain', text: 'user@campus.example' },
  { code: 'mx-not-here', in: 'local_ip', text: 'mx:192.0.2.0/24' },
  { code: 'mx-network', in: 'relay_to', text: 'mx:partner.example' },
  { code: 'route-syntax', in: 'relay_to', text: 'backup.example [10.0.0.5]:99999' },
  { code: 'route-not-here', in: 'relay_to', text: '!user@backup.example mx.example.net' },
  { code: 'verify-not-here', in: 'relay_to', text: '!old.backup.example verify' },
  { code: 'attribute-unknown', in: 'local_ip', text: '192.0.2.7 form=dept.example', suggestion: 'from=dept.example' },
  { code: 'attribute-unknown', in: 'local_ip', text: '192.0.2.7 rate=200/1h' },
  { code: 'attribute-not-here', in: 'hosts', text: '192.0.2.7 from=dept.example' },
  { code: 'attribute-not-here', in: 'local_ip', text: '!192.0.2.7 from=dept.example' },
  { code: 'attribute-not-here', in: 'relay_map', text: 'Connect:192.0.2.7 RELAY from=dept.example' },
  { code: 'attribute-value', in: 'relay_to', text: 'backup.example until=2026-02-30' },
  { code: 'attribute-value', in: 'local_domain', text: 'campus.example from=user@campus.example' },
  { code: 'attribute-twice', in: 'local_ip', text: '192.0.2.7 until=2026-12-31 until=2027-12-31' },
  { code: 'pattern-syntax', in: 'host_list_regex', text: '*.dept.example' },
  { code: 'map-key-syntax', in: 'relay_map', text: 'Connect:root@ REJECT' },
  { code: 'map-tag-unknown', in: 'relay_map', text: 'ClientRate:192.0.2 10' },
  { code: 'map-from-relay', in: 'relay_map', text: 'From:partner.example RELAY' },
  { code: 'map-user-relay', in: 'relay_map', text: 'root@ RELAY' },
  { code: 'map-value-missing', in: 'relay_map', text: 'Connect:192.0.2' },
  { code: 'map-value-unknown', in: 'relay_map', text: 'Connect:192.0.2 ACCEPT' },
  { code: 'map-reply-syntax', in: 'relay_map', text: 'Connect:192.0.2 250 Welcome' },
  { code: 'ini-syntax', in: 'settings', text: '[relay' },
  { code: 'ini-section-unknown', in: 'settings', text: '[denny]', suggestion: '[deny]' },
  { code: 'ini-section-unknown', in: 'settings', text: '[outbound]' },
  { code: 'ini-key-unknown', in: 'settings', text: '[deny]\nhost=x', suggestion: 'hosts' },
  { code: 'ini-key-unknown', in: 'settings', text: 'restriction=false', suggestion: 'restriction in [relay]' },
  { code: 'ini-key-twice', in: 'settings', text: 'mode=observe\nmode=enforce' },
  { code: 'ini-value', in: 'settings', text: '[deny]\nat=rctp', suggestion: 'at=rcpt' },
  { code: 'ini-value', in: 'settings', text: '[dns]\ntries=99' },
  { code: 'flag-unknown', in: 'settings', text: '[privacy]\nflags=go-away', suggestion: 'goaway' },
  { code: 'flag-does-not-apply', in: 'settings', text: '[privacy]\nflags=noreceipts' },
  { code: 'status-token-missing', in: 'settings', text: '[status]\nlisten=0.0.0.0:9904' },
];

function findingsIn({ in: source, text }: FindingCase, file = 'list'): readonly Finding[] {
  if (typeof source !== 'string') return source;
  if (source === 'relay_map') return parseRelayMap('relay.map', text).findings;
  if (source === 'host_list_regex') return parseHostListRegex('host_list_regex', text).findings;
  if (source === 'settings') return parseSettings('smtpcheck.ini', text).findings;
  return parseList(source, file, text).findings;
}

describe('findings', () => {
  for (const row of cases) {
    it(`are ${row.code} for ${JSON.stringify(row.text)}`, () => {
      const findings = findingsIn(row);
      assert.deepEqual(
        findings.map(({ code }) => code),
        [row.code],
      );
      const [finding] = findings as [Finding];
      assert.equal(finding.suggestion, row.suggestion);
      assert.equal(hasFault(findings), row.code !== 'flag-does-not-apply');
      const prose = describeFinding(finding);
      assert.ok(prose.startsWith(`${finding.at.file}:${finding.at.line}: ${row.code}: `), prose);
      assert.ok(!/undefined|function|=>/.test(prose), prose);
      if (row.suggestion) assert.ok(prose.endsWith(`; write ${row.suggestion}`), prose);
      else assert.match(prose, /; \S/);
    });
  }

  it('have a row here for each code', () => {
    assert.deepEqual([...new Set(cases.map(({ code }) => code))], [...findingCodes]);
  });
});

/** The file of an example in docs/reference/rules.md, by what it is parsed as. */
const parsedAs: Readonly<Record<string, Parsed>> = {
  localip: 'local_ip',
  localdomain: 'local_domain',
  'relay.to': 'relay_to',
  'host.deny': 'hosts',
  host_list_regex: 'host_list_regex',
  'relay.map': 'relay_map',
  'smtpcheck.ini': 'settings',
};

/** Findings that no text alone has. */
const ofFiles: Readonly<Record<string, Finding>> = {
  'file-missing': fault('file-missing', { file: 'clients', line: 1 }, 'clients'),
  'file-unreadable': fault('file-unreadable', { file: '/etc', line: 1 }, '/etc', { detail: 'it is a directory' }),
  'redis-plugin-missing': fault('redis-plugin-missing', { file: 'smtpcheck.ini', line: 2 }, 'local_ip=redis:localip'),
  'redis-type': fault('redis-type', { file: 'redis:localip', line: 1 }, 'localip', { detail: 'list' }),
};

describe('describeFinding', () => {
  const page = fs.readFileSync('docs/reference/rules.md', 'utf8');
  for (const code of findingCodes) {
    it(`reports ${code} in the words of docs/reference/rules.md`, () => {
      const [, part = ''] = page.split(`\n## ${code}\n`);
      const [, file = '', text = '', report = ''] =
        /^```(\S+)\n([\s\S]*?)\n```\n\n```text\n([\s\S]*?)\n```$/m.exec(part) ?? [];
      const kind = parsedAs[file];
      const known = ofFiles[code];
      assert.ok(known ?? kind, `${file} is a file of ours`);
      const findings = known ? [known] : findingsIn({ code, in: kind as Parsed, text }, file);
      const words = findings.map((finding) =>
        describeFinding(finding)
          .replace(/^\S+?:(?=[0-9])/, '')
          .trimStart(),
      );
      assert.equal(words.join('\n'), report.replaceAll(/^\S+?:(?=[0-9])/gm, '').trimStart());
    });
  }
});

describe('describeFault', () => {
  for (const code of findingCodes) {
    it(`says what to do about ${code} where there is nothing to write instead`, () => {
      assert.match(describeFault(fault(code, at, 'x', { detail: 'y' })), /; [a-zA-Z.][^;]*$/);
    });
  }

  it('says what a reply needs, where that is known', () => {
    const shown = (details: object) => describeFault(fault('map-reply-syntax', at, '250 Hello', details)).split(';')[0];
    assert.equal(shown({ detail: 'a text' }), '250 Hello has a reply that cannot be sent: it needs a text');
    assert.equal(shown({}), '250 Hello has a reply that cannot be sent');
  });

  it('says how long a line of an ini file may be, where it is longer', () => {
    const shown = (details: object) => describeFault(fault('ini-syntax', at, 'x', details)).split(';')[0];
    assert.equal(
      shown({ detail: 'at most 9 characters' }),
      'x is neither a section nor key=value of at most 9 characters',
    );
    assert.equal(shown({}), 'x is neither a section nor key=value');
  });

  it('shows nothing that a terminal would act on', () => {
    assert.match(
      describeFault(fault('domain-syntax', at, '\u001b[31mx\r\n\u2028\u0085')),
      /^\\u001b\[31mx\\r\\n\\u2028\\u0085 is no/,
    );
  });

  it('cuts what is too long', () => {
    const shown = (length: number) => describeFault(warning('domain-syntax', at, 'x'.repeat(length))).split(' ')[0];
    assert.equal(shown(120), 'x'.repeat(120));
    assert.equal(shown(121), `${'x'.repeat(117)}...`);
    for (const make of [fault, warning]) {
      assert.equal(make('domain-syntax', at, '\u{1f600}'.repeat(100)).text, `${'\u{1f600}'.repeat(58)}...`);
    }
  });

  it('fits on a line of a log, whatever is wrong with a line of millions of characters', () => {
    const long = 'x'.repeat(3_000_000);
    for (const text of [long, `#\r${long}`, `${long}:1 RELAY`, `[${long}`, `hosts=${long}`, `${long} RELAY # x`]) {
      const findings = [...parseList('hosts', 'x', text).findings, ...parseRelayMap('x', text).findings];
      findings.push(...parseSettings('x', text).findings);
      for (const finding of findings)
        assert.ok(JSON.stringify(finding).length < 400 && describeFinding(finding).length < 400);
      assert.equal(findings.length, 3);
    }
  });

  it('fits there where the settings have as many characters as they may', () => {
    for (const [section, key] of [
      ['dns', 'servers'],
      ['deny', 'skip'],
      ['relay', 'relay_map'],
      ['privacy', 'flags'],
      ['deny', 'at'],
    ]) {
      const { findings } = parseSettings('x', `[${section}]\n${key}=${'!'.repeat(4000)}\n[${'y'.repeat(4000)}]\n`);
      for (const finding of findings) assert.ok(describeFinding(finding).length < 600, describeFinding(finding));
    }
  });

  it('names the tag of a map in part where it is long', () => {
    const { findings } = parseRelayMap('x', `${'x'.repeat(4000)}:a.example RELAY`);
    assert.ok(findings.every((finding) => describeFinding(finding).length < 400));
  });
});
