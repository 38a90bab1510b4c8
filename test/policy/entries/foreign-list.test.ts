/** Lists of other programs: one finding that names the format, and a command that makes a list of the file. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type ListKind, parseList } from '../../../src/policy/entries/list';
import { parseRelayMap } from '../../../src/policy/entries/relay-map';
import { describeFault } from '../../../src/policy/findings/finding-text';
import { formatOfDetail, type ListFormatKey, listFormats } from '../../../src/policy/findings/list-formats';
import { makeFolder } from '../../../testkit/folder';

interface FormatCase {
  readonly format: ListFormatKey;
  readonly kind?: ListKind;
  readonly text: string | Uint8Array;
  /** What the command makes of it; without it there is advice and no command. */
  readonly list?: readonly string[];
}

const cases: readonly FormatCase[] = [
  {
    format: 'json',
    text: '{"cidr":"192.0.2.0/24","sblid":"SBL1","rir":"apnic"}\n{"cidr":"2001:db8::/32","sblid":"SBL2"}\n{"type":"metadata","timestamp":1700000000,"version":"1.2","size":2}\n',
    list: ['192.0.2.0/24', '2001:db8::/32'],
  },
  {
    format: 'json',
    kind: 'local_ip',
    text: '[\n  "192.0.2.7",\n  "198.51.100.0/24"\n]\n',
    list: ['192.0.2.7', '198.51.100.0/24'],
  },
  {
    format: 'json-names',
    kind: 'local_domain',
    text: '{"domains": ["campus.example", "dept.example"], "count": 2}',
    list: ['campus.example', 'dept.example'],
  },
  { format: 'html', text: '\n<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n' },
  { format: 'gzip', text: gzipSync('192.0.2.0/24\nspam.example\n'), list: ['192.0.2.0/24', 'spam.example'] },
  {
    format: 'access-table',
    text: '# cidr\n192.0.2.0/24\tREJECT\n198.51.100.7 550 go away\nspam.example   REJECT  not here\nConnect:203.0.113 REJECT\n',
    list: ['192.0.2.0/24', '198.51.100.7', 'spam.example', '203.0.113'],
  },
  { format: 'access-table-mixed', text: '192.0.2.7 OK\n192.0.2.0/24 REJECT\n198.51.100.0/24 REJECT\n' },
  { format: 'access-table-mixed', kind: 'local_ip', text: '192.0.2.0/24 OK\n198.51.100.0/24 permit\n' },
  {
    format: 'ranges',
    text: '# start - end\n192.0.2.0 - 192.0.2.63\n198.51.100.7-198.51.100.9\n203.0.113.5 - 203.0.113.5\n10.0.0.0-10.255.255.255\n',
    list: ['192.0.2.0/26', '198.51.100.7/32', '198.51.100.8/31', '203.0.113.5/32', '10.0.0.0/8'],
  },
  {
    format: 'ranges',
    text: 'Start\tEnd\tNetmask\n192.0.2.0\t192.0.2.255\t24\n198.51.100.0\t198.51.100.255\t24\n203.0.113.0\t203.0.113.127\t25\n10.1.0.0\t10.1.255.255\t16\n',
    list: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/25', '10.1.0.0/16'],
  },
  {
    format: 'ranges',
    text: '192.000.002.000 - 192.000.002.255 , 000 , one\n010.001.000.000 - 010.001.255.255 , 000 , two\n198.051.100.001 - 198.051.100.001 , 000 , three\n203.000.113.000 - 203.000.113.001 , 000 , four\n',
    list: ['192.0.2.0/24', '10.1.0.0/16', '198.51.100.1/32', '203.0.113.0/31'],
  },
  {
    format: 'ipset',
    text: 'create blocked hash:net family inet hashsize 1024 maxelem 65536\nadd blocked 192.0.2.0/24\nadd blocked 192.0.2.7 nomatch\nadd blocked 198.51.100.9\n',
    list: ['192.0.2.0/24', '!192.0.2.7', '198.51.100.9'],
  },
  {
    format: 'iptables',
    text: '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 192.0.2.0/24 -j DROP\n-A INPUT -s 198.51.100.7/32 -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable\n-A INPUT ! -s 10.0.0.0/8 -j DROP\n-A INPUT -s 203.0.113.0/24 -j ACCEPT\nCOMMIT\n',
    list: ['192.0.2.0/24', '198.51.100.7/32'],
  },
  {
    format: 'nftables',
    text: 'table inet filter {\n\tset blocked {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 192.0.2.0/24, 198.51.100.7,\n\t\t\t     203.0.113.0/25 timeout 1d }\n\t}\n\tset six { type ipv6_addr; elements = { 2001:db8::/32 } }\n}\n',
    list: ['192.0.2.0/24', '198.51.100.7', '203.0.113.0/25', '2001:db8::/32'],
  },
  {
    format: 'hosts-file',
    text: '# hosts\n127.0.0.1 localhost localhost.localdomain\n::1 localhost\n0.0.0.0 spam.example\n0.0.0.0 ads.example tracker.example # two\n127.0.0.1\tmail.bad.example\r\n0.0.0.0 0.0.0.0\n',
    list: ['spam.example', 'ads.example', 'tracker.example', 'mail.bad.example'],
  },
  {
    format: 'rpz',
    text: '$TTL 300\n@ SOA localhost. root.localhost. 1 3600 600 86400 300\n@ NS localhost.\nspam.example CNAME .\n*.spam.example CNAME . ; SBL1\nbad.example 60 IN CNAME *.\ngood.bad.example CNAME rpz-passthru.\n24.0.2.0.192.rpz-ip CNAME .\n',
    list: ['!good.bad.example', 'bad.example', 'spam.example'],
  },
  {
    format: 'csv',
    text: 'network,country,reason\n192.0.2.0/24,JP,spam\n"198.51.100.7","US","a, b"\n2001:db8::/32,DE,\n',
    list: ['192.0.2.0/24', '198.51.100.7', '2001:db8::/32'],
  },
  {
    format: 'csv',
    text: '1;192.0.2.0/24;spam\n2;198.51.100.0/24;spam\n3;203.0.113.9;spam\n',
    list: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.9'],
  },
  {
    format: 'csv',
    text: 'spam\t192.0.2.0/24\nspam\t"" 2001:db8::7 ""\n',
    list: ['192.0.2.0/24', '2001:db8::7'],
  },
  {
    format: 'csv',
    kind: 'relay_to',
    text: 'a b|192.0.2.0/24\nc d|198.51.100.7\n',
    list: ['192.0.2.0/24', '198.51.100.7'],
  },
  ...[',', ';'].map((separator) => ({
    format: 'csv' as const,
    kind: 'relay_to' as const,
    text: `a b${separator}192.0.2.0/24\nc d${separator}198.51.100.7\n`,
    list: ['192.0.2.0/24', '198.51.100.7'],
  })),
  { format: 'csv', text: 'a|192.0.2.0/24\nb|198.51.100.7\n', list: ['192.0.2.0/24', '198.51.100.7'] },
  {
    format: 'csv-names',
    text: 'rank,domain\n1,spam.example\n2,bad.example\n3,mail.worse.example\n',
    list: ['spam.example', 'bad.example', 'mail.worse.example'],
  },
  {
    format: 'htaccess',
    text: 'Order Allow,Deny\nDeny from 192.0.2.0/24 198.51.100.7\ndeny from spam.example\r\nDeny from all\nRequire not ip 203.0.113.0/24\nAllow from 10.0.0.1\n',
    list: ['192.0.2.0/24', '198.51.100.7', 'spam.example', '203.0.113.0/24'],
  },
];

/** What a load reads of the file: bytes that are no UTF-8 become U+FFFD. */
const decoded = (text: string | Uint8Array) => (typeof text === 'string' ? text : new TextDecoder().decode(text));

const hasJq = spawnSync('jq', ['--version']).status === 0;

describe('a list in the format of another program', () => {
  for (const { format, kind = 'hosts', text, list } of cases) {
    it(`is one finding, and ${list ? 'becomes a list by its command' : 'has advice'}: ${format}, ${JSON.stringify(decoded(text).slice(0, 30))}`, function () {
      const { data, findings } = parseList(kind, 'config/x.list', decoded(text));
      assert.equal(data, undefined);
      assert.equal(findings.length, 1, JSON.stringify(findings));
      const [finding] = findings;
      assert.ok(finding);
      assert.equal(finding.code, 'list-format');
      assert.equal(formatOfDetail(finding.detail ?? '')?.format, listFormats[format]);
      if (!format.startsWith('csv')) assert.match(finding.detail ?? '', new RegExp(`^${format}(?: trusts)?$`));
      const message = describeFault(finding);
      assert.ok(message.includes(`belongs to ${listFormats[format].name}, `), message);
      if (!list) return assert.doesNotMatch(message, / with .* > /);
      const [, command = ''] = /; convert it with (.*)$/s.exec(message) ?? [];
      assert.ok(command.endsWith(' > config/x.list.new'), message);
      if (command.startsWith('jq') && !hasJq) return this.skip();
      const folder = makeFolder();
      folder.write('config/x.list', text);
      execFileSync('sh', ['-c', command], { cwd: folder.path, env: { ...process.env, LC_ALL: 'C' } });
      const converted = fs.readFileSync(folder.file('config/x.list.new'), 'utf8');
      // At once: mutation testing ends its processes without their exit handlers.
      folder.remove('');
      assert.deepEqual(converted.trimEnd().split('\n'), list);
      assert.deepEqual(parseList(kind, 'x', converted).findings, []);
    });
  }

  it('has a case for each format', () => {
    assert.deepEqual([...new Set(cases.map(({ format }) => format))].sort(), Object.keys(listFormats).sort());
  });

  it('gets no command where what it refuses would become what a list trusts', () => {
    for (const { format, text } of cases.filter(({ format }) => 'denies' in listFormats[format])) {
      for (const kind of ['local_ip', 'local_domain', 'relay_to'] as const) {
        const [finding] = parseList(kind, 'localip', decoded(text)).findings;
        if (finding?.code !== 'list-format') continue;
        const message = describeFault(finding);
        assert.match(message, /(?:belongs into host\.deny|smtpcheck import .*)$/, `${format} ${kind}`);
      }
    }
  });

  it('is named in relay.map only where no program writes it line by line', () => {
    const codes = (text: string) => parseRelayMap('relay.map', text).findings.map(({ code }) => code);
    assert.deepEqual(codes('{"To:a.example":\n"RELAY"}\n'), ['list-format']);
    assert.deepEqual(codes('<html>\n<body>\n'), ['list-format']);
    assert.deepEqual(codes('add blocked 192.0.2.0/24\nadd blocked 192.0.2.7\n'), [
      'map-value-unknown',
      'map-value-unknown',
    ]);
  });

  it('is named by a shell word where the name of the file is none', () => {
    const [finding] = parseList('hosts', "it's $(a).list", '{"a": "192.0.2.7"}').findings;
    assert.match(finding ? describeFault(finding) : '', / FILE > FILE\.new$/);
  });
});

/** Lines that show a format, and lines that only look like it. */
const shown: Readonly<
  Partial<Record<ListFormatKey, { readonly by: readonly string[]; readonly not: readonly string[] }>>
> = {
  ipset: {
    by: ['add blocked 192.0.2.7', 'add OK 192.0.2.7', 'create blocked hash:net', 'add \t blocked \t 192.0.2.7'],
    not: ['add 192.0.2.7', 'xadd blocked 192.0.2.7'],
  },
  iptables: {
    by: [
      '-A INPUT -j DROP',
      'iptables -I INPUT -j DROP',
      'ip6tables  -N x',
      '*filter',
      ':A ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
    ],
    not: ['x -A INPUT', '*filters', 'x*filter', ':input ACCEPT', '-X INPUT'],
  },
  htaccess: {
    by: [
      'deny from 192.0.2.7',
      'Allow  from 192.0.2.7',
      'Require not ip 192.0.2.7',
      'require  all granted',
      'require ip 192.0.2.7',
    ],
    not: ['xdeny from 192.0.2.7', 'deny 192.0.2.7', 'require user 7', 'order 66', '<7>'],
  },
  rpz: {
    by: [
      'a.example CNAME .',
      'a.example  60  CNAME .',
      'a.example 60s IN CNAME .',
      '@ IN SOA a. b. 1',
      '@ NS a.',
      '$TTL 300',
    ],
    not: ['a.example TXT x', 'a.example 60x CNAME .', 'a.example x CNAME .', 'x $TTL 300', '$TTL'],
  },
  'hosts-file': {
    by: ['0.0.0.0 a.example', '0.0.0.0 7.example', '127.0.0.1 a.example', '::1 a.example', ':: \t a.example'],
    not: ['0.0.0.0 10', '127.0.0.2 a.example', 'x0.0.0.0 a.example'],
  },
  ranges: {
    by: ['192.0.2.0-192.0.2.9', '192.0.2.0 - 192.0.2.9', '192.0.2.0  192.0.2.9'],
    not: ['192.0.2.0 255.255.255.0', '192.0.2.0-192.0.2.9.1', 'x 192.0.2.0-192.0.2.9'],
  },
  'access-table': {
    by: ['REJECT', 'REJECT not OK', 'DROP', 'deny', 'DISCARD x', 'ERROR:550', '550', '451 later'].map(
      (value) => `192.0.2.7 \t ${value}`,
    ),
    not: ['REJECTED', '250', '55', '5xx', 'x REJECT'].map((value) => `192.0.2.7 ${value}`),
  },
  'access-table-mixed': {
    by: ['OK', 'RELAY', 'permit', 'DUNNO', 'SKIP'].map((value) => `192.0.2.7 \t ${value}`),
    not: ['OKAY', 'x OK'].map((value) => `192.0.2.7 ${value}`),
  },
  nftables: {
    by: ['table ip x { elements = {', 'set x {elements={', 'elements = { 192.0.2.7 }'],
    not: ['table ip x { set y {', 'x elements = {', 'tables elements = {'],
  },
  html: {
    by: ['<!DOCTYPE html>', '<!-- x -->', '<?xml version="1.0"?>', '<HTML>', '<head>', '<body>'],
    not: ['x <html>', '<x>'],
  },
  json: {
    by: ['{"a": "192.0.2.7"}', '["192.0.2.0/24"]', '[{"a": "2001:DB8::/32"}]', '{"::1": 1}'],
    not: ['"192.0.2.7"', '{"a": "192.0.2"}', '{"a": "x 192.0.2.7"}', '{{ "192.0.2.7" }}'],
  },
};

describe('a format', () => {
  const keyOf = (line: string) => {
    const { findings } = parseList('hosts', 'list', `${line}\n`.repeat(4));
    return findings[0]?.detail?.split(' ')[0];
  };
  for (const [format, { by, not }] of Object.entries(shown)) {
    it(`is known by its lines, and by no others: ${format}`, () => {
      for (const line of by) assert.equal(keyOf(line), format, line);
      for (const line of not) assert.notEqual(keyOf(line), format, line);
    });
  }

  it('is that of the first 2,000 lines, and of more than half of them', () => {
    const isForeign = (...lines: readonly string[]) =>
      parseList('hosts', 'list', lines.join('\n')).findings[0]?.code === 'list-format';
    const of = (count: number, line: string) => Array<string>(count).fill(line);
    const [foreign, sound] = ['192.0.2.7 REJECT', '192.0.2.7'];
    assert.ok(isForeign(...of(1001, foreign), ...of(2000, sound)));
    assert.ok(!isForeign(...of(1000, foreign), ...of(1000, sound), foreign));
    assert.ok(isForeign(...of(3, foreign), ...of(2, sound)));
    assert.ok(isForeign(...of(2, foreign), ...of(3, '; no list')));
    assert.ok(!isForeign(...of(2, foreign), ...of(2, sound)));
  });

  it('is reported where it shows first', () => {
    const at = (text: string) =>
      parseList('hosts', 'list', text).findings.map(({ at: { line, column } }) => [line, column]);
    assert.deepEqual(at('\n# x\n// y\n  <html>\n'), [[4, 3]]);
    assert.deepEqual(at('\ufeff<html>\n'), [[1, 1]]);
    assert.deepEqual(at('192.0.2.7\n  add x y ; add\nadd x z#\n'), [[2, 3]]);
    assert.deepEqual(at('spam list!\na,192.0.2.7\nb,192.0.2.8\nc,192.0.2.9\n'), [[2, 1]]);
    assert.deepEqual(at('table x {\n elements = {\n'), [[1, 1]]);
  });
});

const lists: readonly {
  readonly name: string;
  readonly kind: ListKind;
  readonly text: string;
  readonly codes: readonly string[];
}[] = [
  { name: 'one line with more on it', kind: 'hosts', text: '192.0.2.7 REJECT\n', codes: ['unexpected-text'] },
  {
    name: 'a few lines of another format among entries',
    kind: 'hosts',
    text: '192.0.2.7\n198.51.100\nspam.example\nbad.example REJECT\nworse.example REJECT\n',
    codes: ['unexpected-text', 'unexpected-text'],
  },
  {
    name: 'a few ranges, each with its networks',
    kind: 'local_ip',
    text: '192.0.2.0-192.0.2.63\n198.51.100.0 - 198.51.100.7\n203.0.113.0-203.0.113.1\n',
    codes: ['address-range', 'address-range', 'address-range'],
  },
  {
    name: 'next hops behind tabs, and one fault',
    kind: 'relay_to',
    text: 'a.example\t[10.0.0.5]\nb.example\tmx.example\nc.example\tmx.example\nd..example\n',
    codes: ['domain-syntax'],
  },
  {
    name: 'next hops of a transport table, which no command may drop',
    kind: 'relay_to',
    text: 'a.example\tsmtp:[10.0.0.5]\nb.example\trelay.inner.example:smtp\nc.example\tlmtp:unix\n',
    codes: ['route-syntax', 'route-syntax', 'route-syntax'],
  },
  {
    name: 'a next hop with the name of an action',
    kind: 'relay_to',
    text: 'a.example relay\nb.example relay\nc..example\nd.example relay\n',
    codes: ['domain-syntax'],
  },
  {
    name: 'a column that only begins as addresses do',
    kind: 'hosts',
    text: 'a,192.0.2.0/24x\nb,192.0/1.2.7\n',
    codes: ['domain-syntax', 'domain-syntax'],
  },
  { name: 'one row with commas', kind: 'hosts', text: 'spam,192.0.2.7\n', codes: ['domain-syntax'] },
  {
    name: 'commas, and no column of entries',
    kind: 'hosts',
    text: 'two words.example,x\nthree" words.example,y\n',
    codes: ['unexpected-text', 'domain-syntax'],
  },
  {
    name: 'an address in brackets',
    kind: 'local_ip',
    text: '[192.0.2.7]\n[2001:db8::7]\n',
    codes: ['address-brackets', 'address-brackets'],
  },
  {
    name: 'a template that nothing has filled in',
    kind: 'hosts',
    text: '{{ range .Values.deny }}\n192.0.2.7\n',
    codes: ['domain-syntax'],
  },
  {
    name: 'netmasks behind a blank',
    kind: 'local_ip',
    text: '192.0.2.0 255.255.255.0\n'.repeat(5),
    codes: Array(5).fill('unexpected-text'),
  },
  { name: 'empty lines and comments alone', kind: 'local_ip', text: '# {\n; <html>\n\n', codes: [] },
];

describe('a list with faults', () => {
  for (const { name, kind, text, codes } of lists) {
    it(`has a finding for each of them: ${name}`, () => {
      assert.deepEqual(
        parseList(kind, 'list', text).findings.map(({ code }) => code),
        codes,
      );
    });
  }

  it('is recognized or not in no time, whatever its lines are made of', () => {
    for (const piece of ['a ', '1.', '"', '1.1.1.1 - ', 'a,', '\ta', '{', '.']) {
      const { findings } = parseList('hosts', 'x', `${piece.repeat(400_000)}\n${`${piece.repeat(30)}\n`.repeat(2000)}`);
      assert.ok(findings.length > 0, piece);
    }
  });
});
