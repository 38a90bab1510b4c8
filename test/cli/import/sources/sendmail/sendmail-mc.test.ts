/** What a sendmail.mc and a sendmail.cf say besides FEATUREs: daemons, filters, variables, conditions and sections. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceType } from '../../../../../src/cli/import/source-type';
import { inTemporaryFolder, type Outcome, outcomeOf, smtpcheck } from '../../support';

interface McCase {
  readonly name: string;
  readonly type?: SourceType;
  readonly text: string;
  readonly becomes: Outcome;
}

const senders = "FEATURE(`accept_unqualified_senders')\nFEATURE(`accept_unresolvable_domains')\n";
const classR = ['relay-domains /etc/mail/relay-domains ?'];

const cases: readonly McCase[] = [
  {
    name: 'says that senders were checked',
    text: "OSTYPE(`linux')\nFEATURE(`accept_unqualified_senders')\n",
    becomes: { references: classR, remarks: ['1 sender-checks'] },
  },
  {
    name: 'says that the old server listened on loopback only',
    text: `${senders}DAEMON_OPTIONS(\`Port=smtp,Addr=127.0.0.1, Name=MTA')\nDAEMON_OPTIONS(\`Family=inet6, Addr=::1, Name=MTA6')\n`,
    becomes: { references: classR, remarks: ['3 loopback-only'] },
  },
  {
    name: 'says at which addresses the old server listened, if not at all',
    text: `${senders}DAEMON_OPTIONS(\`Addr=192.0.2.25')\nDAEMON_OPTIONS(\`Addr=127.0.0.1')\n`,
    becomes: { references: classR, remarks: ['3 daemon-address'] },
  },
  {
    name: 'says nothing where it listened at every address',
    text: `${senders}DAEMON_OPTIONS(\`Name=MTA')\nDAEMON_OPTIONS(\`Addr=127.0.0.1, Port=2525')\n`,
    becomes: { references: classR },
  },
  {
    name: 'says where clients had to log in, and where a filter decided',
    text: `${senders}DAEMON_OPTIONS(\`Name=MTA')\nDAEMON_OPTIONS(\`Name=MSA, Port=587, M=Ea, InputMailFilters=greylist')\nINPUT_MAIL_FILTER(\`clmilter', \`S=local:/run/clamav.sock')\nMAIL_FILTER(\`x', \`S=inet:1@localhost')\n`,
    becomes: {
      references: classR,
      remarks: ['4 daemon-auth', '4 mail-filter', '5 mail-filter', '6 mail-filter'],
    },
  },
  {
    name: 'puts in the values of variables that it defines, and those of sendmail',
    text: `${senders}define(\`OUR_NETS', \`192.0.2 198.51.100')\nRELAY_DOMAIN(OUR_NETS)\nRELAY_DOMAIN(\`OUR_NETS')\ndefine(\`confCR_FILE', MAIL_SETTINGS_DIR\`relays')\nFEATURE(\`access_db', DATABASE_MAP_TYPE\` -T<TMPF> '\`/etc/mail/acl')\ndefine(\`ETC', \`/srv/mail')\nVIRTUSER_DOMAIN_FILE(\`-o 'ETC\`/virtual')\n`,
    becomes: {
      localip: ['192.0.2', '198.51.100'],
      references: [
        'sendmail-access /etc/mail/acl',
        'virtual-domains /srv/mail/virtual ?',
        'relay-domains /etc/mail/relays',
      ],
    },
  },
  {
    name: 'says which variable nothing defines',
    text: `${senders}RELAY_DOMAIN(\`OUR_NETS 192.0.2')\nLOCAL_DOMAIN(OUR_NAMES)\n`,
    becomes: { localip: ['192.0.2'], references: classR, remarks: ['3 mc-variable', '4 mc-variable'] },
  },
  {
    name: 'reads the branch that its own variables choose, and neither where another file decides',
    text: `${senders}define(\`GATEWAY', \`1')\nundefine(\`OTHER')\nifdef(\`GATEWAY', \`RELAY_DOMAIN(\`192.0.2')', \`RELAY_DOMAIN(\`198.51.100')')\nifdef(\`OTHER', \`RELAY_DOMAIN(\`203.0.113')')\nifdef(\`_ELSEWHERE_', \`RELAY_DOMAIN(\`203.0.113')')\nifelse(GATEWAY, 1, \`RELAY_DOMAIN(\`203.0.113')')\n`,
    becomes: { localip: ['192.0.2'], references: classR, remarks: ['7 mc-condition', '8 mc-condition'] },
  },
  {
    name: 'reads the lines of sendmail.cf in LOCAL_CONFIG',
    text: `${senders}LOCAL_CONFIG\nCR192.0.2\nO PrivacyOptions=noexpn\n# a comment\nFR-o /etc/mail/more\nMAILER(\`smtp')\nLOCAL_RULESETS\nSLocal_check_rcpt\nR$*\t$#OK\n`,
    becomes: {
      localip: ['192.0.2'],
      settings: ['flags=noexpn'],
      references: ['relay-domains /etc/mail/more ?', ...classR],
      remarks: ['10 own-rulesets'],
    },
  },
  {
    name: 'takes the name of the server, where it is written out, for local',
    text: `${senders}define(\`confDOMAIN_NAME', \`mail.example.org')\n`,
    becomes: { local: ['mail.example.org'], references: classR },
  },
  {
    name: 'reads the file of local names that domain/generic.m4 asks for',
    text: `${senders}DOMAIN(\`generic')\n`,
    becomes: { references: ['local-host-names /etc/mail/local-host-names', ...classR] },
  },
  {
    name: 'makes virtual domains local, and of class R',
    text: `${senders}FEATURE(\`virtusertable')\nVIRTUSER_DOMAIN(\`shop.example')\nFEATURE(\`virtuser_entire_domain')\n`,
    becomes: {
      localdomain: ['shop.example'],
      'relay.to': ['shop.example', '!=shop.example'],
      local: ['shop.example'],
      references: ['sendmail-virtusertable /etc/mail/virtusertable ?', ...classR],
      remarks: ['3 virtual-users', '4 also-local', '5 virtual-subdomains'],
    },
  },
  {
    name: 'knows the ports of SMTP mailers by their usual arguments',
    text: `${senders}define(\`ESMTP_MAILER_ARGS', \`TCP $h')\ndefine(\`RELAY_MAILER_ARGS', \`TCP $h 587')\n`,
    becomes: { references: classR, remarks: ['4 mailer-arguments'] },
  },
  {
    name: 'says of a template that nothing of it was read',
    text: "FEATURE(`access_db')\n{% for net in networks %}\nRELAY_DOMAIN(`{{ net }}')\n{% endfor %}\n",
    becomes: { remarks: ['2 template'] },
  },
  {
    name: 'says of a template of ERB that nothing of it was read',
    text: "RELAY_DOMAIN(`<%= @networks.join(' ') %>')\n",
    becomes: { remarks: ['1 template'] },
  },
  {
    name: 'says of a template of sendmail.cf that nothing of it was read',
    type: 'sendmail-cf',
    text: 'Cw{{ hostname }}\n',
    becomes: { remarks: ['1 template'] },
  },
  {
    name: 'reads filters, daemons, virtual domains and maps from sendmail.cf',
    type: 'sendmail-cf',
    text: [
      'C{VirtHost}shop.example',
      'F{VirtHost}-o /etc/mail/virtual',
      'Kmailertable hash /etc/mail/mailertable.db',
      'Kvirtuser hash /etc/mail/virtusertable',
      'Kdrac btree /etc/mail/dracd',
      'Kdnsbl host -T<TMP>',
      'O DaemonPortOptions=Name=MTA, Addr=127.0.0.1',
      'O InputMailFilters=clmilter',
      'Xclmilter, S=local:/run/clamav.sock',
      'O DeliveryMode=deferred',
      'Djmail.example.org',
      '',
    ].join('\n'),
    becomes: {
      localdomain: ['shop.example'],
      'relay.to': ['shop.example', '!=shop.example'],
      local: ['shop.example', 'mail.example.org'],
      references: [
        'virtual-domains /etc/mail/virtual ?',
        'sendmail-mailertable /etc/mail/mailertable',
        'sendmail-virtusertable /etc/mail/virtusertable ?',
      ],
      remarks: [
        '1 also-local',
        '4 virtual-users',
        '5 pop-before-smtp',
        '6 other-plugin',
        '7 loopback-only',
        '8 mail-filter',
        '9 mail-filter',
        '10 deferred-mode',
      ],
    },
  },
];

describe('sendmail.mc and sendmail.cf', () => {
  for (const { name, type = 'sendmail-mc', text, becomes } of cases) {
    it(name, () => assert.deepEqual(outcomeOf(type, text), becomes));
  }

  it('take a feature for off only where everything was read', async () => {
    await inTemporaryFolder(async (folder) => {
      const access = 'To:gone.example REJECT\nTo:user@backup.example SKIP\n';
      const configuration = `${senders}FEATURE(\`access_db')\n`;
      const codesOf = async (mc: string) => {
        writeFileSync(join(folder, 'access'), access);
        writeFileSync(join(folder, 'sendmail.mc'), mc);
        const { stderr } = await smtpcheck(['import', 'sendmail.mc', '-o', 'config', '--dry-run'], folder);
        return [...stderr.matchAll(/^access:1: .*\[([a-z-]+)\]$/gm)].map((match) => match[1]);
      };
      assert.deepEqual(await codesOf(configuration), ['access-recipient-strangers']);
      assert.deepEqual(await codesOf(`${configuration}FEATURE(\`blocklist_recipients')\n`), ['access-recipient']);
      assert.deepEqual(await codesOf(`${configuration}DOMAIN(\`site')\n`), ['access-recipient']);
    });
  });
});
