/** The peers' configurations: as a careful operator has them, and as one finds them. */
import fs from 'node:fs';
import { certificateFile, keyFile } from '../../../testkit/fakes/listener';
import { idOf, type Workspace } from '../servers/namespace';
import type { PeerOptions } from './peer';

export interface DovecotOptions {
  readonly ssl: 'required' | 'yes' | 'no';
  readonly plaintext: boolean;
  readonly mechanisms: string;
  readonly greeting?: string;
}

export function dovecot({ ssl, plaintext, mechanisms, greeting }: DovecotOptions): PeerOptions {
  return {
    program: 'dovecot',
    command: (workspace, port) => {
      const id = idOf('dovecot');
      workspace.write('users', `root:{PLAIN}secret:${id}:${id}::/nonexistent\n`);
      const config = [
        `base_dir = ${workspace.file('run')}`,
        `state_dir = ${workspace.file('state')}`,
        `log_path = ${workspace.file('maillog')}`,
        'protocols = pop3',
        `ssl = ${ssl}`,
        ...(ssl === 'no'
          ? []
          : [`ssl_cert = <${certificateFile}`, `ssl_key = <${keyFile}`, 'ssl_min_protocol = TLSv1.2']),
        `disable_plaintext_auth = ${plaintext ? 'no' : 'yes'}`,
        `auth_mechanisms = ${mechanisms}`,
        ...(greeting === undefined ? [] : [`login_greeting = ${greeting}`]),
        'mail_location = maildir:/nonexistent/%u',
        `passdb {\n  driver = passwd-file\n  args = ${workspace.file('users')}\n}`,
        `userdb {\n  driver = passwd-file\n  args = ${workspace.file('users')}\n}`,
        `service pop3-login {\n  inet_listener pop3 {\n    address = 127.0.0.1\n    port = ${port}\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n}`,
        // Without it every failed login of one address takes longer than the last, up to a quarter of a minute.
        'service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}',
        'service stats {\n  unix_listener stats-writer {\n    mode = 0666\n  }\n}',
      ].join('\n');
      return ['/usr/sbin/dovecot', '-F', '-c', workspace.write('dovecot.conf', `${config}\n`)];
    },
  };
}

/** It knows no TLS and takes no settings: there is only the one. */
export function popa3d(): PeerOptions {
  return { program: 'popa3d', inetd: 'forks', command: () => ['/usr/sbin/popa3d'] };
}

export function mailutils(tls: 'no' | 'required'): PeerOptions {
  return {
    program: 'mailutils',
    inetd: 'one-process',
    command: (workspace) => {
      const key = workspace.write('key.pem', fs.readFileSync(keyFile, 'utf8'), 0o600);
      const files = `tls {\n  ssl-certificate-file ${certificateFile};\n  ssl-key-file ${key};\n};\n`;
      const config = tls === 'required' ? `tls-mode required;\n${files}` : '';
      const file = workspace.write('pop3d.conf', `logging {\n  syslog no;\n};\n${config}`);
      return ['/usr/sbin/pop3d', '--inetd', `--config-file=${file}`];
    },
  };
}

export interface PostfixOptions {
  readonly settings: Readonly<Record<string, string>>;
  /** Further options of the smtpd that listens. */
  readonly smtpd?: readonly string[];
}

export const safePostfix: Readonly<Record<string, string>> = {
  smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination',
  smtpd_helo_required: 'yes',
  smtpd_helo_restrictions: 'reject_invalid_helo_hostname',
  disable_vrfy_command: 'yes',
  smtpd_etrn_restrictions: 'reject',
  smtpd_banner: '$myhostname ESMTP',
  smtpd_forbid_bare_newline: 'yes',
  smtpd_tls_security_level: 'may',
  smtpd_tls_auth_only: 'yes',
  smtpd_tls_protocols: '>=TLSv1.2',
};

export function postfix({ settings, smtpd = [] }: PostfixOptions): PeerOptions {
  return {
    program: 'postfix',
    command: (workspace, port) => {
      const main = {
        compatibility_level: '3.6',
        myhostname: 'mx.example.org',
        mydestination: 'local.example.org',
        relay_domains: 'backup.example.org',
        mynetworks: '127.0.0.99/32',
        inet_interfaces: '127.0.0.1',
        inet_protocols: 'ipv4',
        queue_directory: workspace.file('spool'),
        data_directory: workspace.file('data'),
        maillog_file: workspace.file('maillog'),
        maillog_file_prefixes: workspace.path,
        alias_maps: `texthash:${workspace.write('aliases', 'postmaster: root\n')}`,
        alias_database: '',
        local_recipient_maps: 'unix:passwd.byname $alias_maps',
        smtpd_tls_chain_files: `${keyFile}, ${certificateFile}`,
        smtpd_error_sleep_time: '0',
        smtpd_client_connection_rate_limit: '0',
        // A notice would need the whole delivery side.
        notify_classes: '',
        ...settings,
      };
      workspace.write(
        'etc/postfix/main.cf',
        Object.entries(main)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join(''),
      );
      const service = (name: string, type: string, priv: string, program: string, wake = '-', max = '-'): string =>
        `${name} ${type} ${priv} - n ${wake} ${max} ${program}\n`;
      workspace.write(
        'etc/postfix/master.cf',
        [
          service(`127.0.0.1:${port}`, 'inet', 'n', ['smtpd', ...smtpd.map((one) => `-o ${one}`)].join(' ')),
          ...['rewrite trivial-rewrite', 'bounce bounce', 'defer bounce', 'trace bounce'].map((pair) => {
            const [name = '', program = ''] = pair.split(' ');
            return service(name, 'unix', '-', program);
          }),
          service('cleanup', 'unix', 'n', 'cleanup', '-', '0'),
          service('qmgr', 'unix', 'n', 'qmgr', '300', '1'),
          service('tlsmgr', 'unix', '-', 'tlsmgr', '1000?', '1'),
          service('proxymap', 'unix', '-', 'proxymap'),
          service('anvil', 'unix', '-', 'anvil', '-', '1'),
          service('scache', 'unix', '-', 'scache', '-', '1'),
          service('local', 'unix', '-', 'local'),
          service('error', 'unix', '-', 'error'),
          service('retry', 'unix', '-', 'error'),
          service('postlog', 'unix-dgram', 'n', 'postlogd', '-', '1'),
        ].join(''),
      );
      workspace.write('data/.keep', '');
      workspace.write('spool/.keep', '');
      const start = [`chown postfix:postfix ${workspace.file('data')}`, `exec /usr/sbin/postfix start-fg`].join(' && ');
      return ['sh', '-c', start];
    },
  };
}

export interface SendmailOptions {
  readonly features: readonly string[];
  readonly defines?: Readonly<Record<string, string>>;
  readonly privacy?: string;
}

export function sendmail({ features, defines = {}, privacy }: SendmailOptions): PeerOptions {
  const m4 = (workspace: Workspace, port: number): string => {
    workspace.write('local-host-names', 'mx.example.org\nlocal.example.org\n');
    workspace.write('relay-domains', 'backup.example.org\n');
    workspace.write('trusted-users', 'root\n');
    workspace.write('aliases', 'postmaster: root\nMAILER-DAEMON: root\n');
    workspace.write('service.switch', 'hosts files\naliases files\n');
    workspace.write('statistics', '');
    workspace.write('helpfile', '#vers 2\nsmtp\tNothing to say\n');
    const settings: Record<string, string> = {
      confCW_FILE: workspace.file('local-host-names'),
      confCR_FILE: workspace.file('relay-domains'),
      confCT_FILE: workspace.file('trusted-users'),
      ALIAS_FILE: workspace.file('aliases'),
      confSERVICE_SWITCH_FILE: workspace.file('service.switch'),
      STATUS_FILE: workspace.file('statistics'),
      HELP_FILE: workspace.file('helpfile'),
      QUEUE_DIR: workspace.file('mqueue'),
      confPID_FILE: workspace.file('sendmail.pid'),
      confDOMAIN_NAME: 'mx.example.org',
      confDONT_BLAME_SENDMAIL: 'AssumeSafeChown,TrustStickyBit',
      confTO_IDENT: '0',
      confSERVER_CERT: certificateFile,
      confSERVER_KEY: workspace.file('key.pem'),
      confCACERT: certificateFile,
      confCACERT_PATH: workspace.path,
      confBAD_RCPT_THROTTLE: '0',
      ...(privacy === undefined ? {} : { confPRIVACY_FLAGS: privacy }),
      ...defines,
    };
    return [
      'divert(-1)divert(0)dnl',
      "OSTYPE(`linux')dnl",
      ...Object.entries(settings).map(([key, value]) => `define(\`${key}', \`${value}')dnl`),
      "FEATURE(`no_default_msa')dnl",
      "FEATURE(`use_cw_file')dnl",
      "FEATURE(`nocanonify')dnl",
      "FEATURE(`accept_unresolvable_domains')dnl",
      ...features.map((feature) => `FEATURE(\`${feature}')dnl`),
      `DAEMON_OPTIONS(\`Name=MTA, Family=inet, Addr=127.0.0.1, Port=${port}')dnl`,
      "MAILER(`local')dnl",
      "MAILER(`smtp')dnl",
      '',
    ].join('\n');
  };
  const shell = (workspace: Workspace): string =>
    [
      `mkdir -p ${workspace.file('mqueue')} && chmod 700 ${workspace.file('mqueue')}`,
      `cp ${keyFile} ${workspace.file('key.pem')} && chmod 600 ${workspace.file('key.pem')}`,
      `m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 ${workspace.file('sendmail.mc')} > ${workspace.file('sendmail.cf')}`,
      `/usr/libexec/sendmail/sendmail -bi -C ${workspace.file('sendmail.cf')}`,
    ].join(' && ');
  return {
    program: 'sendmail',
    prepare: (workspace, port) => {
      workspace.write('sendmail.mc', m4(workspace, port));
      return ['sh', '-c', shell(workspace)];
    },
    command: (workspace) => [
      '/usr/libexec/sendmail/sendmail',
      '-bD',
      '-C',
      workspace.file('sendmail.cf'),
      '-X',
      workspace.file('maillog'),
    ],
  };
}
