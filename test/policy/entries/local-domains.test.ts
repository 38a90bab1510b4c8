import assert from 'node:assert/strict';
import { LocalDomains, parseHostList, parseHostListRegex } from '../../../src/policy/entries/local-domains';
import { describeFinding } from '../../../src/policy/findings/finding-text';

/** The domains of the two files as they stand on the disk. */
function localDomains(hostList: string, hostListRegex = ''): LocalDomains {
  const names = parseHostList('host_list', hostList);
  const patterns = parseHostListRegex('host_list_regex', hostListRegex);
  assert.deepEqual([...names.findings, ...patterns.findings], []);
  assert.ok(names.data && patterns.data);
  return new LocalDomains(names.data, patterns.data);
}

interface DomainsCase {
  readonly name: string;
  readonly hostList?: string;
  readonly hostListRegex?: string;
  readonly local: readonly string[];
  readonly foreign: readonly string[];
}

const cases: readonly DomainsCase[] = [
  {
    name: 'are the names of host_list, each as a whole',
    hostList: 'local.example\nother.example\n',
    local: ['local.example', 'other.example'],
    foreign: ['sub.local.example', 'notlocal.example', 'local.example.net', 'example', ''],
  },
  { name: 'compare without case', hostList: 'Local.EXAMPLE', local: ['local.example'], foreign: ['local.example.'] },
  {
    name: 'can be address literals',
    hostList: '[192.0.2.25]\n[IPv6:2001:DB8::25]\n',
    local: ['[192.0.2.25]', '[ipv6:2001:db8::25]'],
    foreign: ['192.0.2.25', '[192.0.2.26]'],
  },
  {
    name: 'are on any kind of line, beside blanks and comment lines',
    hostList: '\ufeff# ours\r\n  one.example \r\n; two.example\rthree.example\n\t# four.example\n\nfive.example',
    local: ['one.example', 'three.example', 'five.example'],
    foreign: ['two.example', 'four.example', '# ours'],
  },
  {
    name: 'have no comment behind them: Haraka takes the whole line for a name',
    hostList: 'local.example # ours',
    local: ['local.example # ours'],
    foreign: ['local.example'],
  },
  {
    name: 'are what host_list_regex matches as a whole',
    hostListRegex: '(.*\\.)?dept\\.example',
    local: ['dept.example', 'x.dept.example', 'a.b.dept.example'],
    foreign: ['xdept.example', 'dept.example.net', 'dept-example'],
  },
  {
    name: 'are what any line of host_list_regex matches, anchored each',
    hostListRegex: '# shops\nshop[0-9]\\.example\r\nweb\\.example|ftp\\.example\n; gone\\.example\n',
    local: ['shop1.example', 'web.example', 'ftp.example'],
    foreign: [
      'shop.example',
      'myshop1.example',
      'shop1.example.net',
      'xweb.example',
      'ftp.example.net',
      'gone.example',
    ],
  },
  {
    name: 'compare with expressions without case',
    hostListRegex: 'SHOP[a-f]\\.Example',
    local: ['shopb.example'],
    foreign: ['shopx.example'],
  },
  {
    name: 'are those of both files',
    hostList: 'local.example',
    hostListRegex: 'shop\\.example',
    local: ['local.example', 'shop.example'],
    foreign: ['other.example'],
  },
  { name: 'are none where both files are empty', hostList: '# none\n', local: [], foreign: ['', 'local.example'] },
];

describe('local domains', () => {
  for (const { name, hostList = '', hostListRegex, local, foreign } of cases) {
    it(name, () => {
      const domains = localDomains(hostList, hostListRegex);
      for (const domain of local) assert.ok(domains.has(domain), `${domain} should be local`);
      for (const domain of foreign) assert.ok(!domains.has(domain), `${domain} should not be local`);
    });
  }
});

describe('parseHostListRegex', () => {
  const faults: readonly { readonly name: string; readonly text: string; readonly says: readonly string[] }[] = [
    {
      name: 'reports each line that is no regular expression, and loads none of the others',
      text: '# ours\nweb\\.example\n*.dept.example\nshop(\\.example\n',
      says: [
        'host_list_regex:3: pattern-syntax: *.dept.example is no regular expression: nothing to repeat; write one that matches whole names, as in (.*\\.)?example\\.org',
        'host_list_regex:4: pattern-syntax: shop(\\.example is no regular expression: unterminated group; write one that matches whole names, as in (.*\\.)?example\\.org',
      ],
    },
    {
      name: 'reports a line that would only do among others, and get past the anchors',
      text: 'web\\.example)|(?:shop\\.example',
      says: [
        "host_list_regex:1: pattern-syntax: web\\.example)|(?:shop\\.example is no regular expression: unmatched ')'; write one that matches whole names, as in (.*\\.)?example\\.org",
      ],
    },
    {
      name: 'reports the line from which on they cannot be joined, though each would do alone',
      text: 'web\\.example\n\\k-tv\\.example\n(?<n>a)\\.example\nftp\\.example\n',
      says: [
        'host_list_regex:3: pattern-syntax: (?<n>a)\\.example is no regular expression: invalid named reference; write one that matches whole names, as in (.*\\.)?example\\.org',
      ],
    },
    {
      name: 'joins lines as alternatives, and not one behind the other',
      text: '\\k\n<n>x\n(?<n>a)\n',
      says: [
        'host_list_regex:3: pattern-syntax: (?<n>a) is no regular expression: invalid named reference; write one that matches whole names, as in (.*\\.)?example\\.org',
      ],
    },
  ];
  for (const { name, text, says } of faults) {
    it(name, () => {
      const { data, findings } = parseHostListRegex('host_list_regex', text);
      assert.equal(data, undefined);
      assert.deepEqual(findings.map(describeFinding), says);
    });
  }
});
