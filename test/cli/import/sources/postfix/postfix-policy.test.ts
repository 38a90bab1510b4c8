/** What an import carries over from Postfix beside its plain lists, and what it reports. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SourceType } from '../../../../../src/cli/import/source-type';
import {
  type Context,
  inTemporaryFolder,
  type Outcome,
  outcomeOf,
  outcomeOfAll,
  type Source,
  smtpcheck,
} from '../../support';

interface PolicyCase {
  readonly name: string;
  readonly type?: SourceType;
  readonly text: string;
  readonly context?: Context;
  readonly becomes: Outcome;
}

const quiet = 'compatibility_level = 3.6\nmydestination =\nmynetworks =\n';

const cases: readonly PolicyCase[] = [
  // Tables without the name of their restriction.
  {
    name: 'a table by itself in the list of clients is one of clients, and elsewhere one of what the list is about',
    text: `${quiet}smtpd_client_restrictions = hash:/c, cidr:/d\nsmtpd_helo_restrictions = hash:/h\nsmtpd_sender_restrictions = hash:/s\nsmtpd_recipient_restrictions = hash:/r, permit_mynetworks, reject_unauth_destination\n`,
    becomes: {
      references: ['postfix-client-access-hash /c', 'postfix-client-access-cidr /d', 'postfix-recipient-access /r'],
      remarks: ['5 postfix-check', '6 postfix-check'],
    },
  },
  {
    name: 'a table by itself refuses as the long form does',
    text: `${quiet}smtpd_client_restrictions = inline:{198.51.100.7=REJECT, {spam.example = REJECT}}\n`,
    becomes: { 'host.deny': ['198.51.100.7', 'spam.example'] },
  },
  // postscreen.
  {
    name: 'the list of postscreen refuses where its action enforces it',
    text: `${quiet}postscreen_denylist_action = drop\npostscreen_access_list = permit_mynetworks, cidr:{{192.0.2.7 permit}, {192.0.2.0/24 reject}}\n`,
    becomes: { 'host.deny': ['!192.0.2.7', '192.0.2.0/24'], remarks: ['5 postfix-client-order'] },
  },
  {
    name: 'the list of postscreen refuses by the earlier name of the action',
    text: `${quiet}postscreen_blacklist_action = enforce\npostscreen_access_list = cidr:{{192.0.2.0/24 reject}}\n`,
    becomes: { 'host.deny': ['192.0.2.0/24'] },
  },
  {
    name: 'the list of postscreen refuses nobody by default',
    text: `${quiet}postscreen_access_list = cidr:/etc/postfix/postscreen\n`,
    becomes: { remarks: ['4 postfix-denylist-ignored'] },
  },
  {
    name: 'postscreen looks up whole addresses in a keyed table, and no names',
    text: `${quiet}postscreen_denylist_action = enforce\npostscreen_access_list = inline:{192.0.2=permit, spam.example=reject, 192.0.3.7=reject}, cidr:{{192.0.2.0/24 reject}}\n`,
    becomes: {
      'host.deny': ['192.0.3.7', '192.0.2.0/24'],
      remarks: ['5 postfix-never-matches', '5 postfix-never-matches'],
    },
  },
  // Transports.
  {
    name: 'what a transport delivers nowhere is not relayed to',
    text: `${quiet}relay_domains = a.example, b.example, c.example, d.example\ntransport_maps = inline:{a.example=error:no, b.example=retry:later, c.example=discard:, {user@d.example = error:gone}, {.d.example = error:no}}\n`,
    becomes: {
      'relay.to': [
        ...['a.example', 'b.example', 'c.example', '!=a.example', '!=b.example', '!=c.example'],
        ...['!user@d.example', '=d.example'],
      ],
      remarks: Array.from({ length: 5 }, () => '5 postfix-undeliverable'),
    },
  },
  {
    name: 'a default transport that delivers nowhere leaves only what has one of its own, and no trust',
    text: `compatibility_level = 3.6\nmydestination = local.example\nmynetworks = 192.0.2.0/24\nrelay_domains = a.example, b.example\ntransport_maps = inline:{a.example=smtp:[192.0.2.25], *=error:no}\n`,
    becomes: {
      'relay.to': ['=a.example [192.0.2.25]'],
      remarks: ['3 postfix-behind-exclusion', '4 postfix-not-delivered', '5 postfix-nowhere'],
    },
  },
  {
    name: 'default_transport and relay_transport that deliver nowhere',
    text: `compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nrelay_domains = a.example, b.example\ndefault_transport = error:no\nrelay_transport = retry:later\ntransport_maps = inline:{a.example=smtp:}\n`,
    becomes: {
      'relay.to': ['=a.example'],
      remarks: [
        '3 postfix-behind-exclusion',
        '4 postfix-not-delivered',
        '5 postfix-nowhere',
        '6 postfix-undeliverable',
      ],
    },
  },
  {
    name: 'local_transport and virtual_transport that deliver nowhere: nothing is local',
    text: 'compatibility_level = 3.6\nmydestination = local.example\nmynetworks =\nlocal_transport = error:no\nvirtual_mailbox_domains = v.example\nvirtual_transport = error:no\n',
    becomes: { remarks: ['4 postfix-undeliverable', '6 postfix-undeliverable'] },
  },
  {
    name: 'a local domain with a transport that delivers nowhere is not local',
    text: 'compatibility_level = 3.6\nmydestination = local.example, other.example\nmynetworks =\ntransport_maps = inline:{local.example=error:moved}\n',
    becomes: { local: ['other.example'], remarks: ['4 postfix-undeliverable'] },
  },
  {
    name: 'transports elsewhere are reported for what they are',
    text: `${quiet}default_transport = smtp:hub.example\nrelay_transport = relay:hub.example\nlocal_transport = lmtp:unix:x\n`,
    becomes: { remarks: ['4 smart-host', '5 postfix-relay-transport', '6 postfix-delivery'] },
  },
  {
    name: 'relay_transport is the next hop of whatever has no transport of its own',
    text: `${quiet}relay_domains = a.example, b.example, c.example\nparent_domain_matches_subdomains =\nrelay_transport = relay:[192.0.2.25]\ntransport_maps = inline:{b.example=smtp:[192.0.2.26], c.example=smtp:}\n`,
    becomes: { 'relay.to': ['=a.example [192.0.2.25]', '=b.example [192.0.2.26]', '=c.example'] },
  },
  {
    name: 'a relayed domain that the server delivers itself is local',
    text: `${quiet}relay_domains = a.example, b.example\nparent_domain_matches_subdomains =\ntransport_maps = inline:{a.example=lmtp:[192.0.2.25]:24, .b.example=mailman:}\n`,
    becomes: {
      'relay.to': ['=b.example'],
      local: ['a.example'],
      remarks: ['4 also-local', '6 postfix-delivers-here', '6 postfix-delivery'],
    },
  },
  {
    name: 'mailboxes that the server delivers itself are reported, for their domain would open',
    text: `${quiet}relay_domains = a.example\nrelay_recipient_maps = inline:{user@a.example=x}\ntransport_maps = inline:{a.example=virtual:}\n`,
    becomes: {
      'relay.to': ['user@a.example'],
      remarks: ['5 postfix-trusted-recipients', '6 postfix-would-loop'],
    },
  },
  // relay_domains by default.
  {
    name: 'names below its own domains, to which Postfix relays below level 2, are reported',
    text: 'mydestination = example.org\nmynetworks =\n',
    becomes: { local: ['example.org'], remarks: ['1 postfix-relay-default'] },
  },
  {
    name: 'names below its own domains are carried over where relay_domains says so',
    text: 'compatibility_level = 3.6\nmydestination = example.org, localhost\nmynetworks =\nrelay_domains = $mydestination\n',
    becomes: {
      'relay.to': ['example.org', '!=example.org'],
      local: ['example.org', 'localhost'],
      remarks: ['4 also-local'],
    },
  },
  // Names and their values.
  {
    name: 'names with a hyphen, defaults that nobody sets, and a name that is no parameter',
    text: 'compatibility_level = 3.6\nmynetworks =\nsmtp-amavis_destination_recipient_limit = 1\nmyhostname = mail.example.org\nmydestination = $mydomain $mail_name.example $(nothing?no.example) $(level)\nlevel = $new\nnew = new.example\nown = own.example\nvirtual_alias_domains = $own\nsmtpd_recipient_restriction = reject\n',
    becomes: {
      local: ['example.org', 'postfix.example', 'new.example', 'own.example'],
      remarks: ['9 postfix-virtual', '10 postfix-unknown'],
    },
  },
  {
    name: 'a name that names itself twice ends like any other that is not known',
    text: 'compatibility_level = 3.6\nmynetworks =\nloop = $loop $loop $loop\nmydestination = $loop $(loop?$loop:x)\n',
    becomes: { remarks: ['4 postfix-variable', '4 postfix-variable'] },
  },
  {
    name: 'values that depend on the level',
    text: `compatibility_level = 3.6\nmynetworks =\nmydestination = \${{$compatibility_level} >=level {3.10} ? {new.example} : {old.example}}\n`,
    becomes: { local: ['old.example'] },
  },
  {
    name: 'tables in the folder of main.cf',
    text: `${quiet}relay_domains = hash:$config_directory/relay\n`,
    becomes: { references: ['postfix-relay-domains-hash /etc/postfix/relay'] },
  },
  {
    name: 'strangers who are refused outright send to nobody, so relay_domains opens nothing',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_client_restrictions = permit_mynetworks, reject\n',
    becomes: { localip: ['192.0.2.0/24'], remarks: ['4 postfix-relay-domains-unused', '5 postfix-refuses-all'] },
  },
  {
    name: 'nobody is trusted where everybody is refused',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nsmtpd_sender_restrictions = permit_sasl_authenticated, defer\n',
    becomes: { remarks: ['3 postfix-mynetworks-unused', '4 postfix-refuses-all'] },
  },
  {
    name: 'a class of restrictions that refuses everybody',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nsmtpd_restriction_classes = logins, all\nlogins = permit_sasl_authenticated, all\nall = reject\nsmtpd_relay_restrictions = logins\n',
    becomes: { remarks: ['3 postfix-mynetworks-unused', '7 postfix-permits'] },
  },
  {
    name: 'nobody is trusted whom the list of clients keeps from relaying',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nrelay_domains = a.example\nsmtpd_client_restrictions = reject_unauth_destination, permit_mynetworks\n',
    becomes: { 'relay.to': ['a.example'], remarks: ['3 postfix-mynetworks-unused'] },
  },
  {
    name: 'permit_auth_destination permits what relay.to and host_list do',
    text: `${quiet}relay_domains = backup.example\nsmtpd_relay_restrictions = permit_mynetworks, permit_auth_destination, reject\n`,
    becomes: { 'relay.to': ['backup.example'] },
  },
  {
    name: 'what stands behind warn_if_reject refuses nobody',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nsmtpd_client_restrictions = warn_if_reject cidr:/c\nsmtpd_recipient_restrictions = warn_if_reject reject_unauth_destination, permit_mynetworks, reject\n',
    becomes: { localip: ['192.0.2.0/24'], remarks: ['4 postfix-warns-only', '5 postfix-warns-only'] },
  },
  {
    name: 'the server behind is asked about recipients by verify',
    text: `${quiet}smtpd_recipient_restrictions = reject_unlisted_recipient, reject_unverified_recipient\n`,
    becomes: { remarks: ['4 postfix-check', '4 postfix-unverified'] },
  },
  {
    name: 'a restriction that is not known is reported',
    text: `${quiet}smtpd_client_restrictions = /etc/postfix/c, sleep 1, reject_unauth_pipelining\n`,
    becomes: { remarks: ['4 postfix-restriction', '4 postfix-check'] },
  },
  {
    name: 'names in mynetworks match no client where none is looked up',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24, lab.example, inline:{pc.example=x}\nsmtpd_peername_lookup = no\n',
    becomes: {
      localip: ['192.0.2.0/24'],
      remarks: ['3 postfix-never-matches', '3 postfix-never-matches', '4 postfix-names-unused'],
    },
  },
  {
    name: 'a network with host bits puts off everybody behind it, in Postfix too',
    text: 'compatibility_level = 3.6\nmydestination =\nmynetworks = 198.51.100.7, 192.0.2.7/24, 192.0.3.0/24\n',
    becomes: { localip: ['198.51.100.7'], remarks: ['3 refused-entry', '3 postfix-behind-exclusion'] },
  },
  // Local domains.
  {
    name: 'virtual domains are local, listed or in a table; of a table of aliases the keys that are domains',
    text: `${quiet}virtual_mailbox_domains = a.example, inline:{b.example=x}\nvirtual_alias_maps = inline:{c.example=anything, user@c.example=user@a.example, root=x}\n`,
    becomes: {
      local: ['a.example', 'b.example', 'c.example'],
      remarks: ['4 postfix-virtual', '4 postfix-virtual', '5 postfix-virtual', '5 postfix-rewrite'],
    },
  },
  {
    name: 'virtual domains in a database are reported, and a plain table is read',
    text: `${quiet}virtual_mailbox_domains = proxy:mysql:/etc/postfix/domains.cf\nvirtual_alias_domains = hash:/etc/postfix/aliases.domains /etc/postfix/list\n`,
    becomes: {
      references: ['postfix-virtual /etc/postfix/aliases.domains', 'postfix-destination /etc/postfix/list'],
      remarks: ['4 map-unreadable', '5 postfix-virtual'],
    },
  },
  // Recipients.
  {
    name: 'refused recipients go into relay.map, and out of relay.to',
    text: `${quiet}relay_domains = backup.example\nsmtpd_recipient_restrictions = check_recipient_access inline:{{trap@backup.example = REJECT}, {old.backup.example = 550 5.1.1 gone}, {fine@old.backup.example = DUNNO}, {odd@x.example = HOLD}}, permit_mynetworks, reject_unauth_destination\n`,
    becomes: {
      'relay.to': ['backup.example', '!trap@backup.example', '!old.backup.example', 'fine@old.backup.example'],
      map: ['To:trap@backup.example REJECT', 'To:old.backup.example ERROR:5.1.1:550 gone'],
      remarks: ['5 access-recipient', '5 access-recipient', '5 postfix-table-value'],
    },
  },
  {
    name: 'a recipient that anybody may send to by an OK is reported',
    text: `${quiet}smtpd_relay_restrictions = check_recipient_access inline:{open@x.example=OK}, permit_mynetworks, reject_unauth_destination\n`,
    becomes: { remarks: ['4 postfix-recipient-permits'] },
  },
  {
    name: 'any recipient is valid where relay_recipient_maps is static',
    text: `${quiet}relay_domains = backup.example\nrelay_recipient_maps = static:all\n`,
    becomes: { 'relay.to': ['backup.example'] },
  },
  // Clients.
  {
    name: 'an OK that spares its client from nothing here',
    type: 'postfix-client-access-hash',
    text: '203.0.113.7 OK\n198.51.100.7 DUNNO\n',
    becomes: { remarks: ['1 postfix-exempts'] },
  },
  {
    name: 'keys with a dot before them: never asked for, or the names below',
    type: 'postfix-client-access-hash',
    text: '.sub.example REJECT\n',
    becomes: { remarks: ['1 postfix-never-matches'] },
  },
  {
    name: 'keys with a dot before them, without parent_domain_matches_subdomains',
    type: 'postfix-client-access-hash',
    text: '.sub.example REJECT\n',
    context: { position: { parentMatches: false } },
    becomes: { 'host.deny': ['sub.example', '!=sub.example'] },
  },
  // Other services.
  {
    name: 'master.cf: what other services have of their own is reported, for each service',
    type: 'postfix-master',
    text: `smtp      inet  n       -       y       -       -       smtpd
  -o syslog_name=postfix/in
#smtps inet n - y - - smtpd -o smtpd_client_restrictions=reject
submission inet n       -       y       -       -       smtpd
  -o smtpd_tls_security_level=encrypt
  -o { smtpd_relay_restrictions = permit_sasl_authenticated, reject }
  -o milter_macro_daemon_name=ORIGINATING
127.0.0.1:10025 inet n - n - - smtpd -o content_filter= -o mynetworks=127.0.0.0/8
pickup    unix  n       -       y       60      1       pickup
`,
    becomes: { remarks: ['4 postfix-service', '8 postfix-service'] },
  },
  {
    name: 'postconf -P: the same',
    type: 'postfix-services',
    text: 'smtp/inet/syslog_name = postfix/in\nsubmission/inet/smtpd_client_restrictions = permit_sasl_authenticated,reject\nsubmission/inet/smtpd_tls_security_level = encrypt\n',
    becomes: { remarks: ['2 postfix-service'] },
  },
  // Templates.
  ...[
    'mynetworks = {{ networks | join(" ") }}\nrelay_domains = {{ domains }}\nnot a line\n',
    '{% if backup %}\nmynetworks = 192.0.2.0/24\n{% endif %}\n',
    'mynetworks = <%= @networks %>\n',
    "define(`HOST', `mx')\nmyhostname = HOST.example.org\n",
  ].map((text) => ({
    name: `a template has one remark: ${JSON.stringify(text.slice(0, 20))}`,
    text,
    becomes: { remarks: ['1 template'] },
  })),
];

describe('the policy around the lists of Postfix', () => {
  for (const { name, type = 'postfix-main', text, context, becomes } of cases) {
    it(name, () => {
      const { references, ...rest } = outcomeOf(type, text, context);
      const known = references?.filter((reference) => reference !== 'postfix-master master.cf ?') ?? [];
      assert.deepEqual(known.length > 0 ? { ...rest, references: known } : rest, becomes);
    });
  }
});

describe('a service for strangers that does not go by main.cf', () => {
  const main =
    'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\nrelay_domains = backup.example\n';
  const outcome = (type: SourceType, text: string) => {
    const { references: _, ...rest } = outcomeOfAll([
      ['postfix-main', main],
      [type, text],
    ] as readonly Source[]);
    return rest;
  };
  const given: readonly (readonly [string, SourceType, string])[] = [
    ['master.cf', 'postfix-master', 'smtp inet n - y - - smtpd -o mynetworks=\n'],
    ['master.cf behind postscreen', 'postfix-master', 'smtpd pass - - y - - smtpd -o mynetworks=\n'],
    ['postconf -P', 'postfix-services', 'smtp/inet/mynetworks = \n'],
  ];
  for (const [name, type, text] of given) {
    it(`trusts nobody that ${name} takes away`, () => {
      assert.deepEqual(outcome(type, text), {
        'relay.to': ['backup.example'],
        remarks: [`${type}:1 postfix-port-25`, 'postfix-main:3 postfix-behind-exclusion'],
      });
    });
  }

  it('relays to no domain by restrictions that are not those of main.cf', () => {
    const { remarks, ...rest } = outcome(
      'postfix-master',
      '25 inet n - y - - smtpd -o smtpd_relay_restrictions=reject\n',
    );
    assert.deepEqual(rest, {});
    assert.equal(remarks?.length, 3);
  });
});

describe('smtpcheck import of the files of a Postfix', () => {
  const run = async (files: Readonly<Record<string, string>>, ...args: string[]) =>
    inTemporaryFolder(async (folder) => {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      const { code, stdout, stderr } = await smtpcheck(['import', ...args, '-o', 'out'], folder);
      const file = (name: string) => readFileSync(join(folder, 'out', name), 'utf8');
      return { code, stdout, stderr, file, written: readdirSync(join(folder, 'out')) };
    });

  it('reads tables beside a main.cf that is named by a relative path, folders included', async () => {
    const { code, file } = await run(
      {
        'copy/main.cf': `${quiet}relay_domains = hash:$config_directory/relay, hash:$config_directory/tables/more\n`,
        'copy/relay': 'a.example x\n',
        'copy/tables/more': 'b.example x\n',
      },
      'copy/main.cf',
    );
    assert.equal(code, 0);
    assert.match(file('relay.to'), /^a\.example .*# copy\/relay:1$/m);
    assert.match(file('relay.to'), /^b\.example .*# copy\/tables\/more:1$/m);
  });

  it('reads the master.cf beside main.cf', async () => {
    const { code, stderr } = await run(
      {
        'etc/main.cf': `${quiet}`,
        'etc/master.cf': 'submission inet n - y - - smtpd\n -o smtpd_client_restrictions=reject\n',
      },
      'etc/main.cf',
    );
    assert.equal(code, 1);
    assert.match(stderr, /^reading etc\/master\.cf \(postfix-master\)$/m);
    assert.match(
      stderr,
      /^etc\/master\.cf:1: left out: submission .*smtpd_client_restrictions\. \[postfix-service\]$/m,
    );
  });

  it('knows what postconf -n and postconf -P print', async () => {
    const { stderr } = await run(
      {
        'settings.txt': 'compatibility_level = 3.6\nmydestination =\nmynetworks = 192.0.2.0/24\n',
        'services.txt': 'smtps/inet/smtpd_tls_wrappermode = yes\n',
      },
      'settings.txt',
      'services.txt',
    );
    assert.match(stderr, /^reading settings\.txt \(postfix-main\)\nreading services\.txt \(postfix-services\)$/m);
  });

  it('suggests settings for the plugins of Haraka in a folder that nothing reads', async () => {
    const { written, file, stdout } = await run(
      {
        'main.cf': `${quiet}message_size_limit = 52428800
smtpd_milters = inet:127.0.0.1:11332
postscreen_dnsbl_sites = bl.example.net*2, list.example.net=127.0.0.[2..4]*-1
postscreen_greet_action = enforce
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
    reject_rbl_client zen.example.net=127.0.0.[2..11], permit_dnswl_client allow.example.net
    reject_rhsbl_sender dbl.example.net, reject_unknown_reverse_client_hostname
    reject_invalid_helo_hostname, reject_unknown_sender_domain, check_policy_service inet:127.0.0.1:10023
`,
      },
      'main.cf',
    );
    assert.ok(written.includes('import-suggestions'));
    assert.match(stdout, /^wrote out\/import-suggestions\/plugins \(8 entries\)$/m);
    const settings = (name: string) =>
      file(`import-suggestions/${name}`)
        .split('\n')
        .filter((line) => /^[^;#]/.test(line));
    assert.deepEqual(settings('plugins'), [
      ...['dns-list', 'early_talker', 'fcrdns', 'greylist', 'helo.checks', 'mail_from.is_resolvable', 'rspamd'],
      'uribl',
    ]);
    assert.deepEqual(settings('dns-list.ini').slice(0, 4), [
      '[main]',
      'zones[]=zen.example.net',
      'zones[]=allow.example.net',
      'zones[]=bl.example.net',
    ]);
    assert.deepEqual(settings('connection.ini'), ['[max]', 'bytes=52428800']);
    assert.deepEqual(settings('helo.checks.ini'), [
      '[check]',
      'valid_hostname=true',
      '[reject]',
      'valid_hostname=true',
    ]);
    assert.match(file('import-suggestions/fcrdns.ini'), /^; main\.cf:10: reject_unknown_reverse_client_hostname$/m);
  });

  it('folds remarks that say the same, with their lines, and keeps each in the JSON', async () => {
    const main = `${quiet}smtpd_sasl_type = dovecot\nsmtpd_sasl_path = private/auth\n\nsmtpd_tls_auth_only = yes\n`;
    const { stderr } = await run({ 'main.cf': main }, 'main.cf');
    assert.match(stderr, /^main\.cf:4-5,7: note: 3 times, smtpd_sasl_type, smtpd_sasl_path, smtpd_tls_auth_only: /m);
    assert.match(stderr, /^0 left out, 0 changed, 3 notes$/m);
    const { stdout } = await run({ 'main.cf': main }, 'main.cf', '--json');
    const { remarks } = JSON.parse(stdout) as { remarks: readonly object[] };
    assert.equal(remarks.length, 3);
    assert.ok(remarks.every((remark) => !('folds' in remark)));
  });
});
