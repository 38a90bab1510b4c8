import assert from 'node:assert/strict';
import { type Context, type Outcome, outcomeOf } from '../../support';

interface AccessCase {
  readonly name: string;
  readonly access: string;
  readonly context?: Context;
  readonly becomes: Outcome;
}

const hostsOnly: Context = { features: ['relay-hosts-only'] };
const fullAddress: Context = { features: ['relay-to-full-address'] };
const skip: Context = { features: ['sendmail-configuration', 'access-skip'] };
const dots: Context = { features: ['sendmail-configuration', 'lookup-dot-domain'] };

const cases: readonly AccessCase[] = [
  {
    name: 'keeps octet prefixes of trusted clients as they are',
    access: 'Connect:133.9 RELAY\nConnect:10 RELAY\nConnect:192.0.2.7 RELAY\n',
    becomes: { localip: ['133.9', '10', '192.0.2.7'] },
  },
  {
    name: 'reads IPv6 keys as prefixes by groups of 16 bits',
    access:
      'Connect:IPv6:2001:db8 RELAY\nConnect:IPv6:2001:db8:0:0:0:0:0:25 RELAY\nConnect:ipv6:2001:db9::23f4 RELAY\n',
    becomes: { localip: ['2001:db8::/32', '2001:db9::23f4'], remarks: ['2 already-covered'] },
  },
  {
    name: 'leaves out IPv6 keys that sendmail never finds',
    access: 'Connect:IPv6:2001:db8:: RELAY\nConnect:IPv6:2001:0db8 RELAY\nConnect:IPv6:::ffff:192.0.2.1 RELAY\n',
    becomes: { remarks: ['1 access-never-matches', '2 access-never-matches', '3 access-never-matches'] },
  },
  {
    name: 'lets a tagged domain relay in the direction of its tag',
    access: 'Connect:from.example.org RELAY\nTo:to.example.org RELAY\n',
    becomes: { localdomain: ['from.example.org'], 'relay.to': ['to.example.org'] },
  },
  {
    name: 'lets an untagged domain relay in both directions, and an untagged address in one',
    access: 'example.org RELAY\n192.0.2 RELAY\n',
    becomes: { localip: ['192.0.2'], localdomain: ['example.org'], 'relay.to': ['example.org'] },
  },
  {
    name: 'looks up a tagged key before the same key without tag',
    access: 'Connect:example.org REJECT\nexample.org RELAY\n',
    becomes: { 'relay.to': ['example.org'], 'host.deny': ['example.org'] },
  },
  {
    name: 'keeps the first of two equal keys, whatever their case',
    access: 'Connect:192.0.2 REJECT\nconnect:192.0.2 RELAY\n',
    becomes: { 'host.deny': ['192.0.2'], remarks: ['2 access-never-matches'] },
  },
  {
    name: 'turns names into exact ones with relay_hosts_only, and refusals not',
    access: 'Connect:a.example.org RELAY\nTo:b.example.org RELAY\nConnect:c.example.org REJECT\n',
    context: hostsOnly,
    becomes: { localdomain: ['=a.example.org'], 'relay.to': ['=b.example.org'], 'host.deny': ['c.example.org'] },
  },
  {
    name: 'ends a wider network where a narrower key says anything but RELAY',
    access:
      'Connect:192.0 RELAY\nConnect:192.0.2 SKIP\nConnect:192.0.3 OK\nConnect:192.0.4 REJECT\nConnect:192.0.5 QUARANTINE:x\n',
    context: skip,
    becomes: {
      localip: ['192.0', '!192.0.2', '!192.0.3', '!192.0.4', '!192.0.5'],
      'host.deny': ['192.0.4'],
      remarks: ['2 access-ok', '3 access-ok', '5 access-quarantine'],
    },
  },
  {
    name: 'ends a wider refusal where a narrower key relays or is OK',
    access: 'Connect:192.0 REJECT\nConnect:192.0.2 RELAY\nConnect:192.0.3 OK\n',
    becomes: { localip: ['192.0.2'], 'host.deny': ['192.0', '!192.0.2', '!192.0.3'], remarks: ['3 access-ok'] },
  },
  {
    name: 'refuses a client outright that sendmail puts off, drops or refuses in words of its own',
    access: 'Connect:a.example ERROR:4.7.1:450 later\nConnect:b.example DISCARD\nConnect:c.example 554 never\n',
    becomes: {
      'host.deny': ['a.example', 'b.example', 'c.example'],
      remarks: ['1 access-refused-outright', '2 access-refused-outright', '3 access-reply-lost'],
    },
  },
  {
    name: 'keeps refusals of recipients in relay.map, in its form',
    access:
      'To:a.example REJECT\nTo:user@b.example ERROR:550 "No # such user"\nTo:c.example ERROR:4.2.2:"450 full"\nTo:gone@ "553 gone"\nTo:d.example DISCARD\nTo:e.example ERROR:4.0.0:550 odd\n',
    becomes: {
      map: [
        'To:a.example REJECT',
        'To:user@b.example ERROR:5.7.1:550 No  such user',
        'To:c.example ERROR:4.2.2:450 full',
        'To:d.example DISCARD',
        'To:e.example ERROR:5.7.1:550 odd',
      ],
      remarks: [
        '1 access-recipient',
        '2 access-recipient',
        '3 access-recipient',
        '4 access-user',
        '5 access-recipient',
        '6 access-recipient',
      ],
    },
  },
  {
    name: 'keeps a refusal with as much of its text as a reply line has room for',
    access: `To:a.example ERROR:5.1.1:550 ${'x'.repeat(5000)}\nTo:b.example 450 ${'y '.repeat(300)}\n`,
    becomes: {
      map: [
        `To:a.example ERROR:5.1.1:550 ${'x'.repeat(500)}`,
        `To:b.example ERROR:4.7.1:450 ${'y '.repeat(250).trim()}`,
      ],
      remarks: ['1 access-recipient', '2 access-recipient'],
    },
  },
  {
    name: 'ends a relayed domain where a narrower recipient is not relayed',
    access: 'To:backup.example RELAY\nTo:sub.backup.example OK\nTo:user@backup.example REJECT\n',
    becomes: {
      'relay.to': ['backup.example', '!sub.backup.example', '!user@backup.example'],
      map: ['To:user@backup.example REJECT'],
      remarks: ['2 access-ok', '3 access-recipient'],
    },
  },
  {
    name: 'leaves a user at any domain out, whom sendmail looks for in local mail alone',
    access: 'To:spamtrap@ REJECT\ngone@ DISCARD\nTo:friend@ OK\nConnect:odd@ REJECT\nTo:backup.example RELAY\n',
    becomes: {
      'relay.to': ['backup.example'],
      remarks: ['1 access-user', '2 access-user', '3 access-ok', '4 access-never-matches'],
    },
  },
  {
    name: 'relays to a mailbox only with relaytofulladdress',
    access: 'To:user@backup.example RELAY\n',
    context: fullAddress,
    becomes: { 'relay.to': ['user@backup.example'] },
  },
  {
    name: 'leaves a mailbox out without relaytofulladdress',
    access: 'To:user@backup.example RELAY\n',
    becomes: { remarks: ['1 access-full-address'] },
  },
  {
    name: 'never relays by sender, by user name or by certificate',
    access:
      'From:ceo@example.org RELAY\nFrom:x.example REJECT\nTo:ceo@ RELAY\nCertIssuer:/C=JP RELAY\nFrom:y.example OK\n',
    becomes: {
      remarks: [
        '1 access-from-relay',
        '2 access-from',
        '3 access-user-relay',
        '4 access-certificate',
        '5 access-from-ok',
      ],
    },
  },
  {
    name: 'admits address literals of recipients, and refuses unnamed clients by address',
    access: 'To:[192.0.2.25] RELAY\nTo:192.0.2.26 RELAY\nConnect:[203.0.113.9] REJECT\nConnect:[203.0.113.8] RELAY\n',
    becomes: {
      'relay.to': ['192.0.2.25'],
      'host.deny': ['203.0.113.9'],
      remarks: ['2 access-never-matches', '4 access-never-matches'],
    },
  },
  {
    name: 'leaves out what sendmail never finds',
    access:
      'Connect:192.0.2. RELAY\nConnect:192.0.2.0/24 RELAY\nConnect:192.0.02 RELAY\nConnect:.example.org RELAY\nConnect: REJECT\nConnect:user@x RELAY\n',
    becomes: {
      remarks: [
        '1 access-never-matches',
        '2 access-cidr',
        '3 access-never-matches',
        '4 access-never-matches',
        '5 access-never-matches',
        '6 access-never-matches',
      ],
    },
  },
  {
    name: 'leaves loopback out, by address and by name',
    access: 'Connect:127 RELAY\nConnect:IPv6:::1 RELAY\nlocalhost RELAY\n',
    becomes: { remarks: ['1 loopback', '2 loopback', '3 loopback'] },
  },
  {
    name: 'keeps loopback addresses where the operator insists',
    access: 'Connect:127 RELAY\nConnect:IPv6:::1 RELAY\n',
    context: { keepLoopback: true },
    becomes: { localip: ['127', '::1'], remarks: ['1 loopback-kept', '2 loopback-kept'] },
  },
  {
    name: 'leaves out a public suffix and says so',
    access: 'Connect:jp RELAY\nConnect:com REJECT\nTo:ac.jp RELAY\n',
    becomes: { remarks: ['1 refused-entry', '2 refused-entry', '3 refused-entry'] },
  },
  {
    name: 'refuses by a value that sendmail takes for the text of a refusal, such as RELAY with more behind it',
    access: 'Connect:192.0.2 RELAY # ours\nConnect:192.0.3\nTo:a.example no more\nb.example Go away\n',
    becomes: {
      'host.deny': ['192.0.2', 'b.example'],
      map: ['To:a.example REJECT'],
      remarks: [
        '1 access-refused-as-text',
        '2 access-line',
        '3 access-refused-as-text',
        '3 access-recipient',
        '4 access-refused-as-text',
        '4 access-sender-half',
      ],
    },
  },
  {
    name: "refuses by SKIP, as sendmail does without the argument `skip' of access_db",
    access: 'Connect:192.0.2 SKIP\nConnect:spam.example SKIP\nTo:backup.example RELAY\nTo:sub.backup.example SKIP\n',
    context: { features: ['sendmail-configuration', 'blocklist-recipients'] },
    becomes: {
      'relay.to': ['backup.example', '!sub.backup.example'],
      'host.deny': ['192.0.2', 'spam.example'],
      map: ['To:sub.backup.example REJECT'],
      remarks: ['1 access-skip', '2 access-skip', '4 access-skip', '4 access-recipient'],
    },
  },
  {
    name: "spares by SKIP with the argument `skip'",
    access: 'Connect:192.0 REJECT\nConnect:192.0.2 SKIP\nTo:backup.example RELAY\nTo:sub.backup.example SKIP\n',
    context: skip,
    becomes: {
      'relay.to': ['backup.example', '!sub.backup.example'],
      'host.deny': ['192.0', '!192.0.2'],
      remarks: ['2 access-ok', '4 access-ok'],
    },
  },
  {
    name: 'refuses a recipient to strangers alone where blocklist_recipients is off',
    access: 'To:a.example REJECT\n',
    context: skip,
    becomes: { map: ['To:a.example REJECT'], remarks: ['1 access-recipient-strangers'] },
  },
  {
    name: 'reads keys with a dot as the names below, with lookupdotdomain',
    access:
      'Connect:.from.example RELAY\nTo:.to.example RELAY\nConnect:.spam.example REJECT\n.both.example RELAY\nConnect:.ok.spam.example OK\n',
    context: dots,
    becomes: {
      localdomain: ['from.example', '!=from.example', 'both.example', '!=both.example'],
      'relay.to': ['to.example', '!=to.example', 'both.example', '!=both.example'],
      'host.deny': ['spam.example', '!=spam.example', '!ok.spam.example', '=ok.spam.example'],
      remarks: ['5 access-ok'],
    },
  },
  {
    name: 'refuses unnamed clients by their address in brackets, for whatever reason',
    access: 'Connect:[203.0.113.9] 450 later\nConnect:[203.0.113.8] DISCARD\nConnect:[203.0.113.7] Go away\n',
    becomes: {
      'host.deny': ['203.0.113.9', '203.0.113.8', '203.0.113.7'],
      remarks: ['1 access-refused-outright', '2 access-refused-outright', '3 access-refused-as-text'],
    },
  },
  {
    name: 'passes over tags that are not about relaying',
    access: 'GreetPause:192.0.2 5000\nSpam:abuse@ FRIEND\n',
    becomes: { remarks: ['1 access-other-tag', '2 delay-checks-exempt'] },
  },
];

describe('sendmail access map', () => {
  for (const { name, access, context, becomes } of cases) {
    it(name, () => assert.deepEqual(outcomeOf('sendmail-access', access, context), becomes));
  }
});
