import assert from 'node:assert/strict';
import { type ListKind, PolicyList, parseList } from '../../../src/policy/entries/list';
import { address, listOf, now, recipient, shown } from '../../../testkit/core';

interface AddressCase {
  readonly name: string;
  readonly list: readonly string[];
  /** Client to `+line`, `-line` or nothing. */
  readonly finds: Readonly<Record<string, string | undefined>>;
}

const addressCases: readonly AddressCase[] = [
  {
    name: 'finds nothing in an empty list',
    list: ['# nobody', '', '   '],
    finds: { '192.0.2.7': undefined, '127.0.0.1': undefined, '::1': undefined },
  },
  {
    name: 'covers exactly one host when an entry has no length',
    list: ['192.0.2.7', '2001:db8::25'],
    finds: {
      '192.0.2.7': '+1',
      '192.0.2.6': undefined,
      '192.0.2.8': undefined,
      '2001:db8::25': '+2',
      '2001:db8::24': undefined,
      '2001:db8::26': undefined,
      '2001:db8:1::25': undefined,
    },
  },
  {
    name: 'covers a network from its first address to its last',
    list: ['133.9', '192.0.2.64/26', '2001:db8:8000::/33'],
    finds: {
      '133.8.255.255': undefined,
      '133.9.0.0': '+1',
      '133.9.255.255': '+1',
      '133.10.0.0': undefined,
      '192.0.2.63': undefined,
      '192.0.2.64': '+2',
      '192.0.2.127': '+2',
      '192.0.2.128': undefined,
      '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff': undefined,
      '2001:db8:8000::': '+3',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff': '+3',
      '2001:db9::': undefined,
    },
  },
  {
    name: 'lets the most specific entry win, wherever it stands',
    list: ['!133.9.66.0/24', '133.9.66.7', '133.9', '!133.9.66.7/32 # never reached'].slice(0, 3),
    finds: { '133.9.65.255': '+3', '133.9.66.0': '-1', '133.9.66.7': '+2', '133.9.66.8': '-1', '133.9.67.0': '+3' },
  },
  {
    name: 'steps out of a narrow entry to the wider one around it',
    list: ['192.0.0.0/8', '!192.0.2.0/24', '192.0.2.128/25', '!192.0.2.200'],
    finds: {
      '192.0.2.127': '-2',
      '192.0.2.128': '+3',
      '192.0.2.199': '+3',
      '192.0.2.200': '-4',
      '192.0.2.201': '+3',
      '192.0.3.0': '+1',
      '193.0.0.0': undefined,
    },
  },
  {
    name: 'takes a mapped entry as IPv4 and keeps the families apart',
    list: ['::ffff:192.0.2.0/120', '::/1'],
    finds: {
      '192.0.2.9': '+1',
      '::ffff:192.0.2.9': '+1',
      '192.0.3.0': undefined,
      '::192.0.3.0': '+2',
      '8000::': undefined,
    },
  },
  {
    name: 'keeps the first of two lines that say the same',
    list: ['192.0.2.0/24', '192.0.2'],
    finds: { '192.0.2.9': '+1' },
  },
];

describe('PolicyList.findAddress', () => {
  for (const { name, list, finds } of addressCases) {
    it(name, () => {
      const parsed = listOf('local_ip', ...list);
      for (const [client, found] of Object.entries(finds)) {
        assert.equal(shown(parsed.findAddress(address(client), now)), found, client);
      }
    });
  }
});

interface DomainCase {
  readonly name: string;
  readonly list: readonly string[];
  readonly finds: Readonly<Record<string, string | undefined>>;
}

const domainCases: readonly DomainCase[] = [
  {
    name: 'covers a domain and all below it, by whole labels',
    list: ['waseda.ac.jp'],
    finds: {
      'waseda.ac.jp': '+1',
      'www.cs.waseda.ac.jp': '+1',
      'notwaseda.ac.jp': undefined,
      'waseda.ac.jp.example': undefined,
      'ac.jp': undefined,
      'xwaseda.ac.jp': undefined,
      '': undefined,
    },
  },
  {
    name: 'compares without case and final dot',
    list: ['Campus.Example.'],
    finds: { 'WWW.campus.EXAMPLE.': '+1', 'campus.example': '+1', 'campus.example..': undefined },
  },
  {
    name: 'covers exactly one name with =',
    list: ['=mail.example'],
    finds: { 'mail.example': '+1', 'MAIL.example.': '+1', 'a.mail.example': undefined, example: undefined },
  },
  {
    name: 'lets the most specific entry win, wherever it stands',
    list: ['!guest.waseda.ac.jp', 'ok.guest.waseda.ac.jp', 'waseda.ac.jp', '!=www.waseda.ac.jp'],
    finds: {
      'waseda.ac.jp': '+3',
      'guest.waseda.ac.jp': '-1',
      'a.guest.waseda.ac.jp': '-1',
      'ok.guest.waseda.ac.jp': '+2',
      'b.ok.guest.waseda.ac.jp': '+2',
      'notguest.waseda.ac.jp': '+3',
      'www.waseda.ac.jp': '-4',
      'a.www.waseda.ac.jp': '+3',
    },
  },
  {
    name: 'puts an exact name before the domain of that name',
    list: ['mail.example', '!=mail.example'],
    finds: { 'mail.example': '-2', 'a.mail.example': '+1' },
  },
  {
    name: 'compares U-labels as A-labels',
    list: ['bücher.example'],
    finds: { 'xn--bcher-kva.example': '+1', 'www.xn--bcher-kva.example': '+1', 'bucher.example': undefined },
  },
  {
    name: 'knows no name that objects happen to have',
    list: ['example.org'],
    finds: { constructor: undefined, __proto__: undefined, 'constructor.example.org': '+1' },
  },
];

describe('PolicyList.findDomain', () => {
  for (const { name, list, finds } of domainCases) {
    it(name, () => {
      const parsed = listOf('local_domain', ...list);
      for (const [client, found] of Object.entries(finds))
        assert.equal(shown(parsed.findDomain(client, now)), found, client);
    });
  }
});

interface RecipientCase {
  readonly name: string;
  readonly list: readonly string[];
  readonly finds: Readonly<Record<string, string | undefined>>;
}

const recipientCases: readonly RecipientCase[] = [
  {
    name: 'admits one mailbox of a domain',
    list: ['user@backup.example'],
    finds: {
      'user@backup.example': '+1',
      'USER@BACKUP.example': '+1',
      '"user"@backup.example': '+1',
      'other@backup.example': undefined,
      'user@sub.backup.example': undefined,
      'user+tag@backup.example': undefined,
      postmaster: undefined,
    },
  },
  {
    name: 'puts a mailbox before its domain, both ways',
    list: ['backup.example', '!spamtrap@backup.example', '!closed.example', 'sales@closed.example'],
    finds: {
      'user@backup.example': '+1',
      'spamtrap@backup.example': '-2',
      '"spamtrap"@backup.example': '-2',
      'user@closed.example': '-3',
      'sales@closed.example': '+4',
      'spamtrap@sub.backup.example': '+1',
    },
  },
  {
    name: 'admits an address literal by an address entry, never by a domain',
    list: ['192.0.2.25', '2001:db8::/32', '!2001:db8::66'],
    finds: {
      'user@[192.0.2.25]': '+1',
      'user@[192.0.2.26]': undefined,
      'user@[IPv6:2001:db8::1]': '+2',
      'user@[ipv6:2001:db8::66]': '-3',
      'user@[IPv6:::ffff:192.0.2.25]': '+1',
      'user@192.0.2.25': undefined,
      'user@[192.0.2.025]': undefined,
    },
  },
  {
    name: 'takes a local part that cannot be for no mailbox, whatever it is called',
    list: ['undefined@backup.example'],
    finds: { 'undefined@backup.example': '+1', 'a b@backup.example': undefined, '.a@backup.example': undefined },
  },
  {
    name: 'admits one mailbox at a literal, or all but one',
    list: ['user@[192.0.2.25]', '2001:db8::/32', '!user@[IPv6:2001:DB8::25]'],
    finds: {
      'user@[192.0.2.25]': '+1',
      'user@[IPv6:::ffff:c000:219]': '+1',
      'other@[192.0.2.25]': undefined,
      'user@[IPv6:2001:db8::25]': '-3',
      'user@[IPv6:2001:db8:0::25]': '-3',
      'other@[IPv6:2001:db8::25]': '+2',
    },
  },
  {
    name: 'finds local parts beyond ASCII',
    list: ['müller@backup.example', 'backup.org'],
    finds: {
      'müller@backup.example': '+1',
      'MÜLLER@backup.example': '+1',
      'möller@backup.example': undefined,
      'mÃ¼ller@backup.example': undefined,
      'möller@backup.org': '+2',
    },
  },
];

describe('PolicyList.findRecipient', () => {
  for (const { name, list, finds } of recipientCases) {
    it(name, () => {
      const parsed = listOf('relay_to', ...list);
      for (const [to, found] of Object.entries(finds))
        assert.equal(shown(parsed.findRecipient(recipient(to), now)), found, to);
    });
  }

  it('hands on the route of the entry that admits, and of no other', () => {
    const list = listOf(
      'relay_to',
      'backup.example  [10.0.0.5]:2525',
      'sub.backup.example\tmx.inner.example',
      'plain.example',
      'other.example [10.0.0.5]:2525',
      'user@backup.example',
    );
    const routeOf = (to: string) => list.findRecipient(recipient(to), now)?.route;
    assert.deepEqual(routeOf('a@backup.example'), { host: '10.0.0.5', port: 2525 });
    assert.deepEqual(routeOf('a@x.sub.backup.example'), { host: 'mx.inner.example', port: 25 });
    assert.equal(routeOf('a@plain.example'), undefined);
    assert.deepEqual(routeOf('a@other.example'), { host: '10.0.0.5', port: 2525 });
    assert.equal(routeOf('user@backup.example'), undefined);
  });
});

interface TextCase {
  readonly name: string;
  readonly kind: ListKind;
  readonly text: string;
  /** `line:column code` of each finding; or how many entries there are. */
  readonly gives: readonly string[] | number;
}

const textCases: readonly TextCase[] = [
  {
    name: 'takes BOM, CRLF and a missing last newline',
    kind: 'local_ip',
    text: '\ufeff192.0.2.7\r\n198.51.100\r\n2001:db8::7',
    gives: 3,
  },
  {
    name: 'takes comments of their own and after an entry',
    kind: 'hosts',
    text: '# x\n 192.0.2.7 # y\nspam.example#z\n\n',
    gives: 2,
  },
  { name: 'takes blanks and tabs around an entry', kind: 'local_ip', text: '\t192.0.2.7 \t\n', gives: 1 },
  {
    name: 'counts lines that hold no entry',
    kind: 'local_ip',
    text: '# x\n\n  192.0.2.300\n',
    gives: ['3:3 address-octet-range'],
  },
  {
    name: 'reports every fault and loads nothing',
    kind: 'local_ip',
    text: '192.0.2.7\n192.0.2.9/24\nwaseda.ac.jp\n0/0\n',
    gives: ['2:1 prefix-host-bits', '3:1 domain-not-here', '4:1 prefix-partial'],
  },
  { name: 'finds old Mac line ends', kind: 'local_ip', text: '192.0.2.7\r192.0.2.8\r', gives: ['1:1 bad-characters'] },
  {
    name: 'finds a full-width blank',
    kind: 'local_ip',
    text: '192.0.2.7\u3000192.0.2.8',
    gives: ['1:1 bad-characters'],
  },
  { name: 'finds bytes that are not UTF-8', kind: 'hosts', text: 'spam\ufffd.example', gives: ['1:1 bad-characters'] },
  { name: 'leaves text in comments alone', kind: 'hosts', text: '# \ufffd\t\u3000é\nspam.example # \ufffd', gives: 1 },
  {
    name: 'finds old Mac line ends behind a comment',
    kind: 'hosts',
    text: '# bad hosts\r127.66\rspam.example\r',
    gives: ['1:1 bad-characters'],
  },
  {
    name: 'finds a carriage return more than CRLF has, and one without its line feed at the end',
    kind: 'local_ip',
    text: '127.9\r\r\n127.8\r\n127.7\r',
    gives: ['1:1 bad-characters', '3:1 bad-characters'],
  },
  ...['\r', '\v', '\f', '\u0085', '\u2028', '\u2029', '\u001c', '\u001d', '\u001e', '\0', '\b', '\u001b', '\u007f']
    .concat(['\u009b', '\u202e', '\u2066'])
    .map((character) => ({
      name: `finds ${JSON.stringify(character)} in a comment`,
      kind: 'local_ip' as const,
      text: `127.9 # campus${character}!127.9.66\n127.8\n`,
      gives: ['1:1 bad-characters'],
    })),
  {
    name: 'takes no line of millions of characters',
    kind: 'hosts',
    text: `127.66\n${'*.'.repeat(2_000_000)}\n${'a.'.repeat(2_000_000)}@b.example`,
    gives: ['2:1 unexpected-text', '3:1 unexpected-text'],
  },
  { name: 'takes a comment of any length', kind: 'hosts', text: `127.66 # ${'*.'.repeat(10_000)}`, gives: 1 },
  { name: 'wants one entry a line', kind: 'local_ip', text: '192.0.2.7 192.0.2.8', gives: ['1:1 unexpected-text'] },
  {
    name: 'sees a mailbox cut at its #',
    kind: 'relay_to',
    text: 'tag#1@backup.example',
    gives: ['1:1 hash-in-mailbox'],
  },
  {
    name: 'takes a comment with an @ behind a blank',
    kind: 'relay_to',
    text: 'tag.example #1@backup.example',
    gives: 1,
  },
  {
    name: 'looks for an @ in the comment of the same line alone',
    kind: 'relay_to',
    text: 'a.example#note\nuser@b.example\n',
    gives: 2,
  },
  {
    name: 'takes a comment with an @ behind a next hop',
    kind: 'relay_to',
    text: 'backup.example mx.inner.example#ask admin@example.org',
    gives: 1,
  },
  { name: 'takes a comment with an @ behind a mailbox', kind: 'relay_to', text: 'a@backup.example#b@c', gives: 1 },
  {
    name: 'sees an entry that is excluded on another line',
    kind: 'local_ip',
    text: '192.0.2\n# x\n!192.0.2.0/24\n192.0.2.0/24',
    gives: ['3:1 contradiction'],
  },
  {
    name: 'tells faults and contradictions in the order of their lines',
    kind: 'local_ip',
    text: '192.0.2\n192.0.2.300\n!192.0.2\n198.51.100.300\n',
    gives: ['2:1 address-octet-range', '3:1 contradiction', '4:1 address-octet-range'],
  },
  {
    name: 'sees contradictions among names, exact names and mailboxes',
    kind: 'relay_to',
    text: 'a.example\n!A.example.\n=b.example\n!=b.example\nu@c.example\n!"u"@c.example\nd.example [10.0.0.5]\nd.example',
    gives: ['2:1 contradiction', '4:1 contradiction', '6:1 contradiction', '8:1 contradiction'],
  },
  { name: 'takes an exact name beside its domain', kind: 'local_domain', text: 'a.example\n!=a.example\n', gives: 2 },
  {
    name: 'takes addresses and names side by side for host.deny',
    kind: 'hosts',
    text: '198.51.100\nspam.example\n',
    gives: 2,
  },
  { name: 'keeps mailboxes out of host.deny', kind: 'hosts', text: 'a@spam.example', gives: ['1:1 mailbox-not-here'] },
  {
    name: 'keeps addresses out of localdomain',
    kind: 'local_domain',
    text: '192.0.2',
    gives: ['1:1 address-not-here'],
  },
  {
    name: 'keeps next hops to relay.to',
    kind: 'local_domain',
    text: 'a.example [10.0.0.5]',
    gives: ['1:1 unexpected-text'],
  },
  {
    name: 'keeps next hops to domains and mailboxes that are not excluded',
    kind: 'relay_to',
    text: '!a.example mx.example.net\n!u@b.example mx.example.net\n192.0.2.25 mx.example.net\nc.example mx one\nd.example [',
    gives: ['1:1 route-not-here', '2:1 route-not-here', '3:1 route-not-here', '4:1 route-syntax', '5:1 route-syntax'],
  },
];

describe('parseList', () => {
  it('refuses a public suffix among other lines', () => {
    const { data, findings } = parseList('relay_to', 'relay.to', 'a.example\nac.jp\nwaseda.ac.jp\n');
    assert.equal(data, undefined);
    assert.deepEqual(
      findings.map(({ code, at }) => [code, at.line]),
      [['domain-public-suffix', 2]],
    );
  });

  it('holds each line once', () => {
    const { data } = parseList(
      'relay_to',
      'relay.to',
      'a.example\n!b.example\n=c.example\n192.0.2.0/24\nd@e.example\n',
    );
    assert.equal(data && new PolicyList(data).size, 5);
  });

  for (const { name, kind, text, gives } of textCases) {
    it(name, () => {
      const { data, findings } = parseList(kind, 'list', text);
      const found = findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`);
      if (typeof gives === 'number') {
        assert.deepEqual(found, []);
        assert.equal(listOf(kind, text).size, gives);
      } else {
        assert.deepEqual(found, gives);
        assert.equal(data, undefined);
      }
    });
  }

  it('gives the list the name of its file, and says what it wanted of a line', () => {
    assert.equal(listOf('hosts', 'spam.example').file, 'host.deny');
    const { findings } = parseList('hosts', 'host.deny', 'spam.example ham.example');
    assert.deepEqual(
      findings.map(({ detail }) => detail),
      ['one entry a line'],
    );
  });

  for (const [kind, text, suggestion] of [
    ['local_ip', '192.0.2.0 255.255.255.0', '192.0.2.0/24'],
    ['local_ip', '!192.0.2.0  255.255.255.0', '!192.0.2.0/24'],
    ['local_ip', '192.0.2.0 \t-  192.0.2.63', '192.0.2.0/26'],
    ['local_ip', '192.0.2.9 24', undefined],
    ['local_ip', '192.0.2.0 255.255.255.0 x', undefined],
    ['local_ip', '192.0.2.0 x', undefined],
    ['local_domain', '192.0.2.0 255.255.255.0', undefined],
    ['local_domain', '192.0.2.0 - 192.0.2.63', undefined],
  ] as const) {
    it(`offers ${suggestion ?? 'nothing'} for ${JSON.stringify(text)} in ${kind}`, () => {
      const { data, findings } = parseList(kind, 'list', text);
      assert.equal(data, undefined);
      assert.deepEqual(
        findings.map((finding) => finding.suggestion),
        [suggestion],
      );
      if (text.includes('255') && suggestion) assert.equal(findings[0]?.detail, 'one entry a line');
    });
  }

  it('takes an entry of 4,096 characters for one, wherever it stands', () => {
    const codes = (text: string) => parseList('hosts', 'list', text).findings.map(({ code }) => code);
    assert.deepEqual(codes('a'.repeat(4096)), ['domain-syntax']);
    assert.deepEqual(codes(`${' '.repeat(50)}${'a'.repeat(4090)}`), ['domain-syntax']);
    assert.deepEqual(codes('a'.repeat(4097)), ['unexpected-text']);
  });

  it('tells which line a contradiction contradicts', () => {
    const { findings } = parseList('local_ip', 'localip', '192.0.2.7\n!192.0.2.7');
    assert.deepEqual(findings, [
      {
        code: 'contradiction',
        severity: 'fault',
        at: { file: 'localip', line: 2, column: 1 },
        text: '!192.0.2.7',
        detail: '1',
      },
    ]);
  });
});
