import assert from 'node:assert/strict';
import type { SourceType } from '../../../src/cli/import/source-type';
import { readAssignments } from '../../../src/cli/import/sources/shell-assignments';
import { type Outcome, outcomeOf, outcomeOfAll, type Source } from './support';

interface CfCase {
  readonly name: string;
  readonly type?: SourceType;
  readonly text: string;
  readonly becomes: Outcome;
}

const cases: readonly CfCase[] = [
  {
    name: 'refers to the list files and the table that it names',
    text: 'LOCAL_HOST_IPADDR=/etc/sendmail.localip\nLOCAL_HOST_DOMAIN=/etc/sendmail.localdomain\nALLOW_RELAY_TO=/etc/sendmail.relay.to\nCHECK_HOST_DENY=/etc/sendmail.deny\nRELAY_MAP=hash:/etc/sendmail.relay.map.db\n',
    becomes: {
      references: [
        'cf-localip /etc/sendmail.localip',
        'cf-localdomain /etc/sendmail.localdomain',
        'cf-relay-to /etc/sendmail.relay.to',
        'cf-host-deny /etc/sendmail.deny',
        'cf-relay-map /etc/sendmail.relay.map',
      ],
    },
  },
  {
    name: 'takes a value that is no path for the list itself',
    text: "LOCAL_HOST_IPADDR='192.0.2 198.51.100.'\nLOCAL_HOST_DOMAIN=example.ac.jp\n",
    becomes: { localip: ['192.0.2', '198.51.100.'], localdomain: ['example.ac.jp'] },
  },
  {
    name: 'lets the last assignment of a name count, and earlier variables stand for their values',
    text: `DIR=/etc/mail\nCHECK_HOST_DENY=/old\nCHECK_HOST_DENY=\${DIR}/deny\nPRIVACY_FLAGS='noexpn,\\\nnovrfy'\nMAIL_RELAY_RESTRICTION=yes # keep\n`,
    becomes: {
      settings: ['flags=noexpn,novrfy', 'restriction=true'],
      references: ['cf-host-deny /etc/mail/deny'],
      remarks: ['4 flag-unknown'],
    },
  },
  {
    name: 'never carries an open relay over',
    text: "MAIL_RELAY_RESTRICTION=no\nLOCAL_HOST_IPADDR='0/0'\nALLOW_RELAY_TO=jp\n",
    becomes: { remarks: ['1 cf-unrestricted', '2 refused-entry', '3 refused-entry'] },
  },
  {
    name: 'tells of unset variables, shell code, tables it cannot read and checks it does not know',
    text: 'LOCAL_HOST_IPADDR=$NET\nif [ -f x ]; then\nALLOW_RELAY_TO=`cat x`\nCHECK_HOST_DENY=ldap:x\nSPAM_LIST=/etc/spam\nOS_TYPE=linux\nSPAM_MAP=\n',
    becomes: {
      remarks: ['1 cf-variable', '2 cf-shell', '3 cf-shell', '4 map-unreadable', '5 cf-key'],
    },
  },
  {
    name: 'reads several assignments of a line',
    text: 'NET=192.0.2 HOST=192.0.3.1; LOCAL_HOST_IPADDR="$NET $HOST" # both\nLOCAL_HOST_DOMAIN=$NAME NAME=a.example\n',
    becomes: { localip: ['192.0.2', '192.0.3.1'], remarks: ['2 cf-variable'] },
  },
  {
    name: 'knows no value any more that shell code may have changed',
    text: 'NET=192.0.2\nNET=`cat nets`\nLOCAL_HOST_IPADDR=$NET\nDIR=/etc/mail cat x\nCHECK_HOST_DENY=$DIR/deny\n',
    becomes: { remarks: ['2 cf-shell', '3 cf-variable', '4 cf-shell', '5 cf-variable'] },
  },
  {
    name: 'takes ACCEPT_ADDRS for names that are local',
    text: 'MY_DOMAIN=example.ac.jp\nACCEPT_ADDRS="$MY_DOMAIN mail.$MY_DOMAIN"\n',
    becomes: { local: ['example.ac.jp', 'mail.example.ac.jp'] },
  },
  {
    name: 'reads a list of addresses as the lists of the suite do, and refuses names there',
    type: 'cf-localip',
    text: '192.0.2 # lab\n192.0.2.5/33\n2001:db8::/32\nIPv6:2001:db8:1\nwww.example.org\n127.0.0.1\n',
    becomes: {
      localip: ['192.0.2', '2001:db8::/32'],
      remarks: ['2 refused-entry', '4 already-covered', '5 refused-entry', '6 loopback'],
    },
  },
  {
    name: 'reads a name with a dot before it as the names below',
    type: 'cf-relay-to',
    text: '.example.net\nexample.org\nuser@example.com\n',
    becomes: {
      'relay.to': ['example.net', '!=example.net', 'example.org', 'user@example.com'],
      remarks: ['1 subdomains-only'],
    },
  },
  {
    name: 'lets the name itself stand beside the names below it',
    type: 'cf-relay-to',
    text: '.example.net\nexample.net\n',
    becomes: { 'relay.to': ['example.net'], remarks: ['1 subdomains-only'] },
  },
  {
    name: 'keeps the table of relay decisions a table, without what could open it',
    type: 'cf-relay-map',
    text: 'Connect:192.0.2 RELAY\nTo:[192.0.2.9] RELAY\nexample.net\tREJECT\nFrom:a@b.example RELAY\nFrom:b.example REJECT\nall@ RELAY\nTo:x.example QUARANTINE:y\nTo:y.example\nTo:z.example maybe\n10.0.0.0/8 RELAY\n',
    becomes: {
      map: ['Connect:192.0.2 RELAY', 'To:192.0.2.9 RELAY', 'example.net REJECT'],
      remarks: [
        '4 access-from-relay',
        '5 access-from',
        '6 access-user-relay',
        '7 access-quarantine',
        '8 access-line',
        '9 access-value',
        '10 access-cidr',
      ],
    },
  },
  {
    name: 'takes a value that refuses for what its author meant, in lists that permit',
    type: 'cf-localip',
    text: '192.0.2 RELAY\n192.0.2.7 REJECT\n192.0.2.64/26 ERROR:550 no\n198.51.100.1 x # lab\n',
    becomes: {
      localip: ['192.0.2', '!192.0.2.7', '!192.0.2.64/26', '198.51.100.1'],
      remarks: ['2 cf-trusted-in-spite', '3 cf-trusted-in-spite'],
    },
  },
  {
    name: 'excludes a refused name with all below it, and trusts nobody by a refusal alone',
    type: 'cf-localdomain',
    text: 'example.org\n.guest.example.org "550 no"\nexample.net REJECT\n',
    becomes: {
      localdomain: ['example.org', '!guest.example.org'],
      remarks: ['2 cf-trusted-in-spite', '3 cf-trusted-in-spite'],
    },
  },
  {
    name: 'refuses whoever is found in the list of the refused, whatever the value',
    type: 'cf-host-deny',
    text: '192.0.2 REJECT\nexample.net x\n',
    becomes: { 'host.deny': ['192.0.2', 'example.net'] },
  },
  {
    name: 'of two values for one key keeps the one that does not relay',
    type: 'cf-relay-map',
    text: 'To:a.example RELAY\nto:A.example REJECT\n',
    becomes: { map: ['To:A.example REJECT'], remarks: ['1 contradiction'] },
  },
];

describe('CF lists and its table of relay decisions', () => {
  const lists: readonly Source[] = [
    ['cf-relay-to', 'example.org\nexample.net\n'],
    ['cf-localip', '192.0.2\n'],
    ['cf-localdomain', 'lab.example.org\n'],
  ];

  it('let a refusal of the table decide inside what a list permits, and say so', () => {
    const map =
      'To:sub.example.org REJECT\nuser@example.org ERROR:550 gone\nTo:example.net REJECT\nTo:a.example.org OK\nTo:else.example REJECT\nConnect:192.0.2.7 REJECT\nConnect:pc.lab.example.org DISCARD\n';
    assert.deepEqual(outcomeOfAll([...lists, ['cf-relay-map', map]]), {
      localip: ['192.0.2', '!192.0.2.7'],
      localdomain: ['lab.example.org', '!pc.lab.example.org'],
      'relay.to': ['example.org', '!sub.example.org', '!user@example.org'],
      map: [
        'To:sub.example.org REJECT',
        'user@example.org ERROR:5.7.1:550 gone',
        'To:example.net REJECT',
        'To:a.example.org OK',
        'To:else.example REJECT',
        'Connect:192.0.2.7 REJECT',
        'Connect:pc.lab.example.org DISCARD',
      ],
      remarks: [
        'cf-relay-map:1 map-ends-list',
        'cf-relay-map:2 map-ends-list',
        'cf-relay-map:6 map-ends-list',
        'cf-relay-map:7 map-ends-list',
        'cf-relay-to:2 contradiction',
      ],
    });
  });

  it('stand in one table where it refuses a user at any domain', () => {
    const map = 'spamtrap@ REJECT\nTo:sub.example.org REJECT\nfriend@ OK\n';
    assert.deepEqual(outcomeOfAll([lists[0] as Source, ['cf-relay-map', map]]), {
      map: [
        'spamtrap@ REJECT',
        'To:sub.example.org REJECT',
        'friend@ OK',
        'To:example.org RELAY',
        'To:example.net RELAY',
      ],
      remarks: ['cf-relay-map:1 user-before-domain', 'cf-relay-map:2 map-ends-list'],
    });
  });

  it('exclude the user by mailbox from a name that the table cannot hold', () => {
    const sources: readonly Source[] = [
      ['relay-domains', 'mail.example.org\n'],
      ['cf-relay-map', 'spamtrap@ REJECT\nTo:spamtrap@ REJECT\n'],
    ];
    assert.deepEqual(outcomeOfAll(sources, { features: ['relay-hosts-only'] }), {
      localdomain: ['=mail.example.org'],
      'relay.to': ['=mail.example.org', '!spamtrap@mail.example.org'],
      map: ['spamtrap@ REJECT', 'To:spamtrap@ REJECT'],
    });
  });

  it('exclude the user from a domain that the table cannot hold, and tell what stays open', () => {
    const sources: readonly Source[] = [
      ['cf-relay-to', '.example.net\nexample.org\n'],
      ['cf-relay-map', 'spamtrap@ REJECT\n'],
      ['local-host-names', 'example.org\n'],
    ];
    assert.deepEqual(outcomeOfAll(sources), {
      'relay.to': ['example.net', '!=example.net', 'example.org', '!=example.org'],
      map: ['spamtrap@ REJECT'],
      local: ['example.org'],
      remarks: ['cf-relay-to:1 subdomains-only', 'cf-relay-to:2 also-local', 'cf-relay-map:1 user-behind-domain'],
    });
  });
});

describe('CF definition and its lists', () => {
  for (const { name, type = 'cf-def', text, becomes } of cases) {
    it(name, () => assert.deepEqual(outcomeOf(type, text), becomes));
  }
});

interface ShellCase {
  readonly name: string;
  readonly text: string;
  readonly values: Readonly<Record<string, string>>;
}

const shellCases: readonly ShellCase[] = [
  { name: 'ends an unquoted value at a blank or comment', text: 'A=one # two\nB=x;\n', values: { A: 'one', B: 'x' } },
  { name: 'keeps a # inside a word', text: 'A=a#b\n', values: { A: 'a#b' } },
  { name: 'joins quoted and unquoted parts', text: `A=a"b c"'$d'\\ e\n`, values: { A: 'ab c$d e' } },
  {
    name: 'expands in double quotes and not in single ones',
    text: `X=1\nA="$X\${X}"\nB='$X'\n`,
    values: { X: '1', A: '11', B: '$X' },
  },
  {
    name: 'continues lines by backslash and by an open quote',
    text: 'A=a\\\nb\nC="d\ne"\n',
    values: { A: 'ab', C: 'd\ne' },
  },
  { name: 'takes CRLF and export', text: 'export A=1\r\nB=2\r\n', values: { A: '1', B: '2' } },
];

describe('readAssignments', () => {
  for (const { name, text, values } of shellCases) {
    it(name, () => {
      const { assignments, others } = readAssignments(text);
      assert.deepEqual(Object.fromEntries(assignments.map(({ name: key, value }) => [key, value])), values);
      assert.deepEqual(others, []);
    });
  }
  it('gives the line where an assignment begins', () => {
    const { assignments } = readAssignments('# x\nA="1\n2"\n\nB=3\n');
    assert.deepEqual(
      assignments.map(({ name, line, comments }) => [name, line, comments]),
      [
        ['A', 2, ['x']],
        ['B', 5, []],
      ],
    );
  });
  it('runs nothing: substitution and commands are no assignments', () => {
    const { assignments, others } = readAssignments('A=$(id)\nB=`id`\nC=1 id\nid\n' + `\${D:=1}\nE="\${F:-x}"\n`);
    assert.deepEqual(assignments, []);
    assert.deepEqual(
      others.map(({ line }) => line),
      [1, 2, 3, 4, 5, 6],
    );
  });
});
