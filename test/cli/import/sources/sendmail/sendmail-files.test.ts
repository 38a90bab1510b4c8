import assert from 'node:assert/strict';
import type { SourceType } from '../../../../../src/cli/import/source-type';
import { m4Calls } from '../../../../../src/cli/import/sources/sendmail/m4-calls';
import { type Context, type Outcome, outcomeOf, outcomeOfAll, type Source } from '../../support';

interface FileCase {
  readonly name: string;
  readonly type: SourceType;
  readonly text: string;
  readonly context?: Context;
  readonly becomes: Outcome;
}

/** Takes the checks of senders away, which an import remarks on otherwise. */
const senders = "FEATURE(`accept_unqualified_senders')\nFEATURE(`accept_unresolvable_domains')\n";
const classR = ['relay-domains /etc/mail/relay-domains ?'];

const cases: readonly FileCase[] = [
  {
    name: 'relay-domains: domains relay both ways, addresses one way, by whole tokens',
    type: 'relay-domains',
    text: 'example.org other.example.org\n192.0.2.\n198.51.100 # lab\nIPv6:2001:db8:5\n# a comment\n',
    becomes: {
      localip: ['192.0.2', '198.51.100', '2001:db8:5::/48'],
      localdomain: ['example.org'],
      'relay.to': ['example.org'],
      remarks: ['1 already-covered'],
    },
  },
  {
    name: 'relay-domains: names are exact with relay_hosts_only',
    type: 'relay-domains',
    text: 'mail.example.org\n',
    context: { features: ['relay-hosts-only'] },
    becomes: { localdomain: ['=mail.example.org'], 'relay.to': ['=mail.example.org'] },
  },
  {
    name: 'relay-domains: what the lists cannot hold is told',
    type: 'relay-domains',
    text: '[UNIX:localhost]\nuser@example.org\n10.0.0.0/8\norg\nOK\n',
    becomes: { remarks: ['1 class-option', '2 class-option', '3 access-cidr', '4 refused-entry', '5 class-option'] },
  },
  {
    name: 'local-host-names: every name of a line',
    type: 'local-host-names',
    text: 'example.org mail.example.org # ours\nEXAMPLE.ORG.\n[192.0.2.1]\n',
    becomes: { local: ['example.org', 'mail.example.org'], remarks: ['3 not-a-host-name'] },
  },
  {
    name: 'sendmail.mc: privacy flags, whatever the quoting',
    type: 'sendmail-mc',
    text: "define(`confPRIVACY_FLAGS',dnl\n  defn(`confPRIVACY_FLAGS')``,authwarnings,noexpn NOVRFY,nobodyreturn,unheardof'')dnl\n",
    becomes: {
      settings: ['flags=authwarnings,noexpn,novrfy'],
      references: classR,
      remarks: ['1 flag-without-meaning', '1 flag-unknown'],
    },
  },
  {
    name: 'sendmail.mc: comments and quoted text say nothing; diverted text does',
    type: 'sendmail-mc',
    text: "divert(-1)\nFEATURE(`loose_relay_check')\n# FEATURE(`promiscuous_relay')\ndivert(0)dnl\ninclude(`../m4/cf.m4')\ndnl FEATURE(`relay_local_from')\n`FEATURE(`relay_entire_domain')'\n",
    becomes: { references: classR, remarks: ['2 loose-relay-check'] },
  },
  {
    name: 'sendmail.mc: the files that belong to it',
    type: 'sendmail-mc',
    text: "define(`confCW_FILE', `-o /etc/mail/names')\ndefine(`confCR_FILE', `/etc/mail/relays')\nFEATURE(`use_cw_file')\nFEATURE(`access_db', `btree -o -T<TMPF> /etc/mail/acl.db')\nRELAY_DOMAIN_FILE(`/etc/mail/more')\n",
    becomes: {
      references: [
        'sendmail-access /etc/mail/acl',
        'relay-domains /etc/mail/more',
        'local-host-names /etc/mail/names ?',
        'relay-domains /etc/mail/relays',
      ],
    },
  },
  {
    name: 'sendmail.mc: class members, exact where relay_hosts_only stands below them',
    type: 'sendmail-mc',
    text: "RELAY_DOMAIN(`a.example.org 192.0.2')\nLOCAL_DOMAIN(`b.example.org')\nFEATURE(`relay_hosts_only')\n",
    becomes: {
      localip: ['192.0.2'],
      localdomain: ['=a.example.org'],
      'relay.to': ['=a.example.org'],
      local: ['b.example.org'],
      references: classR,
    },
  },
  {
    name: 'sendmail.mc: every feature that opens a relay is refused',
    type: 'sendmail-mc',
    text: [
      'promiscuous_relay',
      'relay_entire_domain',
      'relay_based_on_MX',
      'relay_local_from',
      'relay_mail_from',
      'loose_relay_check',
      'accept_unqualified_senders',
      'nullclient',
      'masquerade_envelope',
    ]
      .map((feature) => `FEATURE(\`${feature}')\n`)
      .join(''),
    becomes: {
      references: classR,
      remarks: [
        '1 promiscuous-relay',
        '2 relay-entire-domain',
        '3 relay-by-mx',
        '4 relay-by-sender',
        '5 relay-by-sender',
        '6 loose-relay-check',
        '8 smart-host',
      ],
    },
  },
  {
    name: 'sendmail.mc: delay_checks, own rules, smart host, AUTH, other files, maps elsewhere',
    type: 'sendmail-mc',
    text: "FEATURE(`delay_checks', `friend')\nLOCAL_RULESETS\ndefine(`SMART_HOST', `hub')\nTRUST_AUTH_MECH(`PLAIN')\nDOMAIN(`site')\ninclude(`x.m4')\nFEATURE(`access_db', `LDAP')\ninclude(`/usr/share/sendmail/cf/m4/cf.m4')\n",
    becomes: {
      settings: ['deny-at=rcpt'],
      references: classR,
      remarks: [
        '1 delay-checks-exempt',
        '2 own-rulesets',
        '3 smart-host',
        '4 trusted-auth',
        '5 mc-include',
        '6 mc-include',
        '7 map-unreadable',
      ],
    },
  },
  {
    name: 'sendmail.cf: old and new forms of privacy options; public is not followed',
    type: 'sendmail-cf',
    text: 'O PrivacyOptions=noexpn,novrfy\nOpneedmailhelo\nO PrivacyOptions=public\n#O PrivacyOptions=goaway\n',
    becomes: { settings: ['flags=noexpn,novrfy,needmailhelo'], remarks: ['3 flags-public'] },
  },
  {
    name: 'sendmail.cf: an open relay is known by the check that it does not make',
    type: 'sendmail-cf',
    text: 'SBasic_check_rcpt\nR$*\t\t$: $1 $| @ $>"Rcpt_ok" $1\nR$* $| @ $#$*\t$#$2\nSRcpt_ok\nR$*\t\t$: $>ParseRecipient $1\n',
    becomes: { remarks: ['1 promiscuous-relay'] },
  },
  {
    name: 'sendmail.cf: mailboxes with relaytofulladdress, own rules, a closed relay',
    type: 'sendmail-cf',
    text: 'Kaccess hash -T<TMPF> /etc/mail/access\nSLocal_check_rcpt\nR$*\t$#OK\nSBasic_check_rcpt\nR$* $| @ $*\t$: O $| $>"Relay_ok" $1\nR$+ < @ $+ >\t\t$: $1 < @ $2 > $| $>SearchList <+ To> $| <F:$1@$2> <D:$2> <F:$1@> <>\n',
    becomes: { references: ['sendmail-access /etc/mail/access'], remarks: ['3 own-rulesets'] },
  },
];

describe('sendmail files', () => {
  it('give way to a refusal of the access map, which is looked up before class R', () => {
    const sources: readonly Source[] = [
      ['sendmail-access', 'To:example.net REJECT\nTo:ok.example.net OK\n'],
      ['relay-domains', 'backup.example.net\nsub.ok.example.net\n'],
    ];
    assert.deepEqual(outcomeOfAll(sources), {
      localdomain: ['backup.example.net', 'sub.ok.example.net'],
      'relay.to': ['sub.ok.example.net'],
      map: ['To:example.net REJECT'],
      remarks: ['sendmail-access:1 access-recipient', 'sendmail-access:2 access-ok', 'relay-domains:1 contradiction'],
    });
  });
  it('take no domain for local whose mail the access map refuses, where it is asked about recipients of local domains', () => {
    const sources: readonly Source[] = [
      ['sendmail-access', 'To:unpaid.example ERROR:4.2.1:450 disabled\nTo:user@paid.example REJECT\n'],
      ['virtual-domains', 'paid.example\nunpaid.example\n'],
      ['local-host-names', 'mail.unpaid.example\n'],
    ];
    const configured: Context = { features: ['sendmail-configuration', 'blocklist-recipients'] };
    const lists = {
      localdomain: ['paid.example', 'unpaid.example'],
      'relay.to': ['paid.example', '!=paid.example'],
      map: ['To:unpaid.example ERROR:4.2.1:450 disabled', 'To:user@paid.example REJECT'],
    };
    assert.deepEqual(outcomeOfAll(sources, configured), {
      ...lists,
      local: ['paid.example'],
      remarks: [
        'sendmail-access:1 access-recipient',
        'sendmail-access:2 access-recipient',
        'virtual-domains:1 also-local',
        'virtual-domains:2 local-refused',
        'virtual-domains:2 contradiction',
        'local-host-names:1 local-refused',
      ],
    });
    assert.deepEqual(outcomeOfAll(sources, { features: ['sendmail-configuration'] }).local, [
      'paid.example',
      'unpaid.example',
      'mail.unpaid.example',
    ]);
  });
  for (const { name, type, text, context, becomes } of cases) {
    it(name, () => {
      const whole = type === 'sendmail-mc' ? `${text}${senders}` : text;
      assert.deepEqual(outcomeOf(type, whole, context), becomes);
    });
  }
});

describe('m4Calls', () => {
  it('takes # for a comment up to the include of cf.m4, which switches comments off', () => {
    const names = (text: string) => m4Calls(text).map(({ name }) => name);
    assert.deepEqual(names('# a(1)\n'), ['a']);
    assert.deepEqual(names("# a(1)\ninclude(`../m4/cf.m4')dnl\n# b(1)\n"), ['include', 'b']);
  });
  const calls = (text: string) => m4Calls(text).map(({ name, args, line }) => [line, name, ...args]);
  it('takes quotes off once and keeps nested ones', () => {
    assert.deepEqual(calls("a(`x', ``y'', z`w')"), [[1, 'a', 'x', "`y'", 'zw']]);
  });
  it('counts lines and splits at the outermost commas only', () => {
    assert.deepEqual(calls('\n\na(b(1, 2),\n3)\nc(4)'), [
      [3, 'a', 'b(1, 2)', '3'],
      [5, 'c', '4'],
    ]);
  });
  it('ends with the text where a call or a quote is not closed', () => {
    assert.deepEqual(calls('a(`x'), [[1, 'a', 'x']]);
    assert.deepEqual(calls('`a(1)'), []);
  });
});
