import assert from 'node:assert/strict';
import type { SourceType } from '../../../../../src/cli/import/source-type';
import { mynetworksChain } from '../../../../../src/cli/import/sources/postfix/postfix-patterns';
import { type Context, type Outcome, outcomeOf } from '../../support';

interface PostfixCase {
  readonly name: string;
  readonly type?: SourceType;
  readonly text: string;
  readonly context?: Context;
  readonly becomes: Outcome;
}

/** What every case below would otherwise have to say. */
const quiet = 'mydestination =\n';
const unset = '1 postfix-mynetworks-unset';

const cases: readonly PostfixCase[] = [
  {
    name: 'mynetworks: CIDR, IPv6 in brackets, exclusions before what they exclude from',
    text: `${quiet}mynetworks = !192.0.2.66, 192.0.2.0/24\n  [2001:db8::]/32\n# a comment between\n\t198.51.100.7\n`,
    becomes: { localip: ['!192.0.2.66', '192.0.2.0/24', '2001:db8::/32', '198.51.100.7'] },
  },
  {
    name: 'mynetworks: the first match decides, so what stands behind a wider one is dropped',
    text: `${quiet}mynetworks = !192.0.2.0/24 192.0.2.128/25\n 198.51.100.0/24 !198.51.100.5 198.51.100.6\n`,
    becomes: {
      localip: ['198.51.100.0/24'],
      remarks: ['2 postfix-never-reached', '2 excludes-nothing', '3 postfix-never-reached', '3 already-covered'],
    },
  },
  {
    name: 'mynetworks: loopback is left out',
    text: `${quiet}mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n`,
    becomes: { remarks: ['2 loopback', '2 loopback', '2 loopback'] },
  },
  {
    name: 'mynetworks: loopback is kept where the operator insists',
    text: `${quiet}mynetworks = 127.0.0.0/8 [::1]/128\n`,
    context: { keepLoopback: true },
    becomes: { localip: ['127.0.0.0/8', '::1/128'], remarks: ['2 loopback-kept', '2 loopback-kept'] },
  },
  {
    name: 'mynetworks: names are client domains, with the names below by default',
    text: `${quiet}mynetworks = lab.example.org .sub.example.org 192.0.2\n`,
    becomes: { localdomain: ['lab.example.org'], remarks: ['2 postfix-never-matches', '2 postfix-never-matches'] },
  },
  {
    name: 'mynetworks: names are exact without parent_domain_matches_subdomains',
    text: `${quiet}parent_domain_matches_subdomains = smtpd_access_maps\nmynetworks = lab.example.org .sub.example.org\n`,
    becomes: {
      localdomain: ['=lab.example.org', 'sub.example.org', '!=sub.example.org'],
      remarks: ['3 subdomains-only'],
    },
  },
  {
    name: 'mynetworks: an excluded name keeps addresses behind it out, and the other way round',
    text: `${quiet}mynetworks = 198.51.100.0/24, !guest.example.org, 192.0.2.0/24\n 192.0.2.7\n`,
    becomes: {
      localip: ['198.51.100.0/24'],
      remarks: ['2 postfix-behind-exclusion', '2 excludes-nothing', '3 postfix-behind-exclusion'],
    },
  },
  {
    name: 'mynetworks: an excluded address keeps names behind it out, and no address',
    text: `${quiet}mynetworks = lab.example.org, !192.0.2.7, example.org, 192.0.2.0/24\n`,
    becomes: {
      localip: ['!192.0.2.7', '192.0.2.0/24'],
      localdomain: ['lab.example.org'],
      remarks: ['2 postfix-behind-exclusion'],
    },
  },
  {
    name: 'mynetworks: an exclusion that cannot be read ends the list of those who are trusted',
    text: `${quiet}mynetworks = 198.51.100.0/24, !pcre:/etc/postfix/bad, 192.0.2.0/24, !192.0.2.7, lab.example.org\n`,
    becomes: {
      localip: ['198.51.100.0/24'],
      remarks: [
        '2 map-unreadable',
        '2 postfix-behind-exclusion',
        '2 postfix-never-reached',
        '2 postfix-behind-exclusion',
      ],
    },
  },
  {
    name: 'mynetworks: so does one whose variable is not set, or that the lists refuse',
    text: `${quiet}mynetworks = !$guests, 192.0.2.0/24\nrelay_domains = !jp, a.example, \n`,
    becomes: {
      remarks: ['2 postfix-variable', '2 postfix-behind-exclusion', '3 refused-entry', '3 postfix-behind-exclusion'],
    },
  },
  {
    name: 'mynetworks: a table that cannot be read and excludes nobody ends nothing',
    text: `${quiet}mynetworks = pcre:/etc/postfix/more, $more, 192.0.2.0/24\n`,
    becomes: { localip: ['192.0.2.0/24'], remarks: ['2 map-unreadable', '2 postfix-variable'] },
  },
  {
    name: 'mynetworks: not set means not known',
    text: `${quiet}mynetworks_style = class\n`,
    becomes: { remarks: ['2 postfix-mynetworks-unset'] },
  },
  {
    name: 'mynetworks: of no use without permit_mynetworks before strangers are refused',
    text: `${quiet}mynetworks = 192.0.2.0/24\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination, permit_mynetworks\n`,
    becomes: { remarks: ['2 postfix-mynetworks-unused', '3 postfix-auth'] },
  },
  {
    name: 'mynetworks: smtpd_recipient_restrictions can take it away too',
    text: `${quiet}mynetworks = 192.0.2.0/24\nsmtpd_recipient_restrictions = reject_unauth_destination\n`,
    becomes: { remarks: ['2 postfix-mynetworks-unused'] },
  },
  {
    name: 'relay_domains: covers the names below by default, and exclusions hold',
    text: `${quiet}mynetworks =\nrelay_domains = !no.backup.example backup.example\n`,
    becomes: { 'relay.to': ['!no.backup.example', 'backup.example'] },
  },
  {
    name: 'relay_domains: exact without parent_domain_matches_subdomains',
    text: `${quiet}mynetworks =\nparent_domain_matches_subdomains =\nrelay_domains = a.example .b.example c.example .c.example\n`,
    becomes: {
      'relay.to': ['=a.example', 'b.example', '!=b.example', 'c.example'],
      remarks: ['4 subdomains-only', '4 subdomains-only', '4 already-covered'],
    },
  },
  {
    name: 'relay_domains: names below one are excluded without the name itself',
    text: `${quiet}mynetworks =\nparent_domain_matches_subdomains =\nrelay_domains = !.guest.example .guest.example guest.example\n`,
    becomes: {
      'relay.to': ['=guest.example'],
      remarks: ['4 subdomains-only', '4 subdomains-only', '4 postfix-never-reached', '4 excludes-nothing'],
    },
  },
  {
    name: 'relay_domains: the name itself stays where a wider entry has it',
    text: `${quiet}mynetworks =\nparent_domain_matches_subdomains =\nrelay_domains = !.guest.example.org .example.org\n`,
    becomes: {
      'relay.to': ['!guest.example.org', '=guest.example.org', 'example.org', '!=example.org'],
      remarks: ['4 subdomains-only', '4 subdomains-only'],
    },
  },
  {
    name: 'relay_domains: of a local domain the names below it',
    text: 'mydestination = example.org\nmynetworks =\nrelay_domains = $mydestination backup.example\n',
    becomes: {
      'relay.to': ['example.org', '!=example.org', 'backup.example'],
      local: ['example.org'],
      remarks: ['3 also-local'],
    },
  },
  {
    name: 'relay_domains: of no use where strangers are refused outright',
    text: `${quiet}mynetworks = 192.0.2.0/24\nrelay_domains = backup.example\nsmtpd_relay_restrictions = permit_mynetworks, reject\n`,
    becomes: { localip: ['192.0.2.0/24'], remarks: ['3 postfix-relay-domains-unused'] },
  },
  {
    name: 'tables: which can be read, and as what',
    text: `${quiet}mynetworks = /etc/postfix/nets cidr:/etc/postfix/n.cidr proxy:hash:$config_directory/n pcre:/x mysql:/y\nrelay_domains = lmdb:/etc/postfix/rd /etc/postfix/rd.txt cidr:/z\n`,
    context: {},
    becomes: {
      references: [
        'postfix-mynetworks /etc/postfix/nets',
        'postfix-mynetworks-cidr /etc/postfix/n.cidr',
        'postfix-mynetworks-hash /etc/postfix/n',
        'postfix-relay-domains-hash /etc/postfix/rd',
        'postfix-relay-domains /etc/postfix/rd.txt',
      ],
      remarks: ['2 map-unreadable', '2 map-unreadable', '3 map-unreadable'],
    },
  },
  {
    name: 'mydestination: the default, where the host is named',
    text: 'mynetworks =\nmyhostname = mx.example.org\ncompatibility_level = 2\n',
    becomes: { local: ['mx.example.org', 'localhost.example.org', 'localhost'] },
  },
  {
    name: 'mydestination: the host as --hostname gives it',
    text: 'mynetworks =\ncompatibility_level = 3.6\n',
    context: { hostName: 'mx.example.org' },
    becomes: { local: ['mx.example.org', 'localhost.example.org', 'localhost'] },
  },
  {
    name: 'mydestination: not guessed where nobody names the host',
    text: 'mynetworks =\nmydestination = $myhostname, example.org, localhost.$mydomain\n',
    becomes: { local: ['example.org'], remarks: ['2 postfix-variable', '2 postfix-variable'] },
  },
  {
    name: 'variables: nested, conditional, and never in a circle',
    text: `a = example\nb = \${a}.org\nmynetworks =\nmydestination = $(b) \${a?yes.example} \${zz:no.example} $loop\nloop = $loop\n`,
    becomes: { local: ['example.org', 'yes.example', 'no.example'], remarks: ['4 postfix-variable'] },
  },
  {
    name: 'privacy: the two parameters as flags, with noexpn as Postfix knows no EXPN',
    text: `${quiet}mynetworks =\nsmtpd_helo_required = yes\ndisable_vrfy_command = Yes\n`,
    becomes: { settings: ['flags=needmailhelo,noexpn,novrfy'] },
  },
  {
    name: 'privacy: the stricter shipped flags stay where Postfix asks for nothing',
    text: `${quiet}mynetworks =\nsmtpd_helo_required = no\n`,
    becomes: {},
  },
  ...(
    [
      ['in a minute, where the time is not set', '300\nsmtpd_client_event_limit_exceptions =\n', ['300/1m']],
      [
        'in another time',
        '$many\nmany = 5\nsmtpd_client_event_limit_exceptions =\nanvil_rate_time_unit = 7200\n',
        ['5/2h'],
      ],
      ['in weeks', '9\nsmtpd_client_event_limit_exceptions =\nanvil_rate_time_unit = 2w\n', ['9/14d']],
      ['with exceptions that are not all it trusts', '9\nsmtpd_client_event_limit_exceptions = 192.0.2.7\n', ['9/1m']],
      ['that exempts all it trusts', '9\n', []],
      [
        'that exempts all it trusts, and more',
        '9\nsmtpd_client_event_limit_exceptions = 192.0.2.0/24 192.0.3.0/24\n',
        [],
      ],
      ['of none', '0\n', undefined],
    ] as const
  ).map(
    ([what, text, limits]): PostfixCase => ({
      name: `a limit of recipients ${what}`,
      text: `${quiet}mynetworks = 192.0.2.0/24\nsmtpd_client_recipient_rate_limit = ${text}`,
      becomes: {
        localip: ['192.0.2.0/24'],
        ...(limits?.[0] && { settings: [`client-limit=${limits[0]}`] }),
        ...(limits && {
          remarks: [
            `3 postfix-${limits.length > 0 ? 'recipient-limit' : 'limit-exempt'}`,
            ...text.split('\n').flatMap((line, i) => (line.includes('exceptions') ? [`${i + 3} postfix-limit`] : [])),
          ],
        }),
      },
    }),
  ),
  {
    name: 'a limit of recipients in a time that is longer than any limit here',
    text: `${quiet}mynetworks =\nsmtpd_client_recipient_rate_limit = 9\nanvil_rate_time_unit = 5w\n`,
    becomes: { remarks: ['3 postfix-limit'] },
  },
  ...(
    [
      ['192.0.2.0/24, [2001:db8::]/32 198.51.100.7', ['mx:192.0.2.0/24', 'mx:2001:db8::/32', 'mx:198.51.100.7'], []],
      ['!192.0.2.66 192.0.2.0/24', ['!mx:192.0.2.66', 'mx:192.0.2.0/24'], []],
      ['!192.0.2.0/24 192.0.2.7 198.51.100.7', ['!mx:192.0.2.0/24', 'mx:198.51.100.7'], ['3 postfix-never-reached']],
      ['hash:/etc/n 192.0.2.7', ['mx:192.0.2.7'], ['3 map-unreadable']],
      ['!hash:/etc/n 192.0.2.7', [], ['3 map-unreadable', '3 postfix-never-reached']],
    ] as const
  ).map(
    ([networks, exchanges, remarks]): PostfixCase => ({
      name: `backup by MX records for ${networks}`,
      text: `${quiet}mynetworks =\npermit_mx_backup_networks = ${networks}\nsmtpd_relay_restrictions = permit_mynetworks permit_mx_backup reject_unauth_destination\n`,
      becomes: { ...(exchanges.length > 0 && { exchanges }), remarks: [...remarks, '3 postfix-mx-backup-carried'] },
    }),
  ),
  {
    name: 'backup by MX records: not without networks',
    text: `${quiet}mynetworks =\nsmtpd_relay_restrictions = permit_mynetworks, permit_mx_backup, reject_unauth_destination\n`,
    becomes: { remarks: ['3 postfix-mx-backup'] },
  },
  {
    name: 'backup by MX records: not where a list refuses strangers before',
    text: `${quiet}mynetworks =\npermit_mx_backup_networks = 192.0.2.0/24\nsmtpd_relay_restrictions = permit_mynetworks permit_mx_backup, reject_unauth_destination\nsmtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination\n`,
    becomes: { remarks: ['3 postfix-mx-unused'] },
  },
  {
    name: 'backup by MX records: networks that nothing asks for',
    text: `${quiet}mynetworks =\npermit_mx_backup_networks = 192.0.2.0/24\n`,
    becomes: { remarks: ['3 postfix-mx-unused'] },
  },
  {
    name: 'restrictions: tables that refuse clients, and what they are skipped for',
    text: `${quiet}mynetworks =\nsmtpd_client_restrictions = check_client_access cidr:/c, permit_mynetworks check_client_access hash:/h\n  reject_rbl_client bl.example.net\n  reject\n`,
    becomes: {
      references: ['postfix-client-access-cidr /c', 'postfix-client-access-hash /h'],
      remarks: ['3 postfix-client-order', '4 postfix-check', '5 postfix-refuses-all'],
    },
  },
  {
    name: 'restrictions: tables of clients before permit_mynetworks refuse in any list, and of their OKs none relays',
    text: `${quiet}mynetworks =\nsmtpd_relay_restrictions = check_client_access cidr:/r permit_mynetworks reject_unauth_destination\nsmtpd_recipient_restrictions = check_client_access hash:/s permit_mynetworks check_client_access hash:/t check_sender_access hash:/u\nsmtpd_sender_restrictions = check_client_access hash:/v\n`,
    becomes: {
      references: [
        'postfix-client-access-hash /v',
        'postfix-client-access-cidr /r',
        'postfix-client-access-hash /s',
        'postfix-client-access-hash /t',
      ],
      remarks: ['4 postfix-client-order', '4 postfix-check'],
    },
  },
  {
    name: 'restrictions: a class of restrictions can permit as well',
    text: `${quiet}mynetworks =\nsmtpd_restriction_classes = ours\nours = check_sender_access hash:/s, permit\nsmtpd_relay_restrictions = ours, permit_mynetworks, reject_unauth_destination, ours\n`,
    becomes: { remarks: ['5 postfix-permits', '5 postfix-check'] },
  },
  {
    name: 'a table of clients whose OK would relay: said for each of them',
    type: 'postfix-client-access-hash',
    text: '192.0.2.7 OK\n192.0.2.8 DUNNO\n192.0.3 REJECT\n',
    context: { position: { okRelays: true } },
    becomes: { 'host.deny': ['192.0.3'], remarks: ['1 postfix-client-permits'] },
  },
  {
    name: 'restrictions: whatever can permit relaying by itself is named',
    text: `${quiet}mynetworks =\nsmtpd_relay_restrictions = permit_mynetworks permit_mx_backup check_sender_access hash:/s permit_tls_clientcerts reject_unauth_destination check_helo_access hash:/e\n`,
    becomes: {
      remarks: ['3 postfix-mx-backup', '3 postfix-permits', '3 postfix-permits', '3 postfix-check'],
    },
  },
  {
    name: 'restrictions: an open relay is known',
    text: `${quiet}mynetworks =\nsmtpd_relay_restrictions = permit\n`,
    becomes: { remarks: ['3 postfix-unrestricted'] },
  },
  {
    name: 'lines: the last assignment counts, what is none is told',
    text: 'mydestination = a.example\nmydestination = b.example\nnonsense\nmynetworks =\n',
    becomes: { local: ['b.example'], remarks: ['2 postfix-relay-default', '3 postfix-syntax'] },
  },
  {
    name: 'cidr for mynetworks: found is trusted, except what its author meant to refuse',
    type: 'postfix-mynetworks-cidr',
    text: '192.0.2.5 REJECT\n192.0.2.0/24 OK\n2001:db8::/32 x\n192.0.3.0/24\n!192.0.4.0/24 OK\nif 192.0.5.0/24\n192.0.5.1 OK\nendif\nexample.org OK\n',
    becomes: {
      localip: ['!192.0.2.5', '192.0.2.0/24', '2001:db8::/32'],
      remarks: [
        '1 postfix-trusted-in-spite',
        '4 postfix-table-line',
        '5 postfix-table-condition',
        '6 postfix-table-condition',
        '7 postfix-table-condition',
        '9 postfix-table-pattern',
      ],
    },
  },
  {
    name: 'hash for mynetworks: whole addresses and names',
    type: 'postfix-mynetworks-hash',
    text: '192.0.2.5 x\n192.0.2 x\n192.0.2.0/24 x\nlab.example.org x\n2001:db8::5 x\n',
    becomes: {
      localip: ['192.0.2.5', '2001:db8::5'],
      localdomain: ['lab.example.org'],
      remarks: ['2 postfix-never-matches', '3 postfix-never-matches'],
    },
  },
  {
    name: 'a list file: its content stands in the list that names it, upside down behind a !',
    type: 'postfix-mynetworks',
    text: '192.0.2.0/24 !198.51.100.0/24\ncidr:/etc/postfix/more\n',
    context: { position: { chain: mynetworksChain('source'), negated: true } },
    becomes: {
      localip: ['198.51.100.0/24'],
      references: ['postfix-mynetworks-cidr /etc/postfix/more'],
      remarks: ['1 excludes-nothing'],
    },
  },
  {
    name: 'cidr for clients: first match, refusals with their own words, other actions told',
    type: 'postfix-client-access-cidr',
    text: '192.0.2.5 OK\n192.0.2.0/24 REJECT\n192.0.2.6 DUNNO\n192.0.3.0/24 554 no\n192.0.4.0/24 450 later\n::/0 REJECT\n192.0.5.0/24 WARN look\n',
    becomes: {
      'host.deny': ['!192.0.2.5', '192.0.2.0/24', '192.0.3.0/24', '192.0.4.0/24'],
      remarks: [
        '3 postfix-never-reached',
        '4 access-reply-lost',
        '5 access-refused-outright',
        '6 refused-entry',
        '7 postfix-table-value',
      ],
    },
  },
  {
    name: 'hash for clients: octet prefixes, IPv6 prefixes and names, the most specific decides',
    type: 'postfix-client-access-hash',
    text: '192.0 REJECT\n192.0.2 OK\n2001:db8 REJECT\nspam.example REJECT\nfriend.spam.example OK\n.x.example REJECT\n10.0.0.0/8 REJECT\n',
    becomes: {
      'host.deny': ['192.0', '!192.0.2', '2001:db8::/32', 'spam.example', '!friend.spam.example'],
      remarks: ['6 postfix-never-matches', '7 postfix-never-matches'],
    },
  },
  {
    name: 'hash for clients: names below one, without parent_domain_matches_subdomains',
    type: 'postfix-client-access-hash',
    text: 'spam.example REJECT\n.spam.example REJECT\n.friend.spam.example OK\n.x.example REJECT\n',
    context: { position: { parentMatches: false } },
    becomes: {
      'host.deny': ['spam.example', '!friend.spam.example', '=friend.spam.example', 'x.example', '!=x.example'],
      remarks: ['1 already-covered'],
    },
  },
  {
    name: 'relay recipients: mailboxes and @domain',
    type: 'postfix-relay-recipients',
    text: 'alice@backup.example x\n@open.example x\nroot x\nbob@backup.example\n',
    becomes: {
      'relay.to': ['alice@backup.example', '=open.example'],
      remarks: ['3 postfix-recipient', '4 postfix-table-line'],
    },
  },
];

describe('Postfix', () => {
  for (const { name, type = 'postfix-main', text, context, becomes } of cases) {
    it(name, () => {
      const { references, ...rest } = outcomeOf(type, text, context);
      // Every main.cf has its master.cf.
      const known = references?.filter((reference) => reference !== 'postfix-master master.cf ?');
      assert.deepEqual(known && known.length > 0 ? { ...rest, references: known } : rest, becomes);
    });
  }
  it('says so where mynetworks is not set at all', () => {
    assert.deepEqual(outcomeOf('postfix-main', quiet).remarks, [unset]);
  });
});
