/** The peers' configurations: as a careful operator has them, and as one finds them. */
import fs from 'node:fs';
import { certificateFile, keyFile } from '../../../testkit/fakes/listener';
import type { PeerFolder, PeerOptions } from './peer';

export interface DovecotOptions {
  readonly ssl: 'required' | 'yes' | 'no';
  readonly plaintext: boolean;
  readonly mechanisms: string;
  readonly greeting?: string;
}

export function dovecot({ ssl, plaintext, mechanisms, greeting }: DovecotOptions): PeerOptions {
  return {
    command: (folder, port) => {
      folder.write('users', 'root:{PLAIN}secret:8002:8002::/nonexistent\n');
      const config = [
        `base_dir = ${folder.file('run')}`,
        `state_dir = ${folder.file('state')}`,
        `log_path = ${folder.file('maillog')}`,
        'protocols = pop3',
        `ssl = ${ssl}`,
        ...(ssl === 'no'
          ? []
          : [`ssl_cert = <${certificateFile}`, `ssl_key = <${keyFile}`, 'ssl_min_protocol = TLSv1.2']),
        `disable_plaintext_auth = ${plaintext ? 'no' : 'yes'}`,
        `auth_mechanisms = ${mechanisms}`,
        ...(greeting === undefined ? [] : [`login_greeting = ${greeting}`]),
        'mail_location = maildir:/nonexistent/%u',
        `passdb {\n  driver = passwd-file\n  args = ${folder.file('users')}\n}`,
        `userdb {\n  driver = passwd-file\n  args = ${folder.file('users')}\n}`,
        `service pop3-login {\n  inet_listener pop3 {\n    address = 127.0.0.1\n    port = ${port}\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n}`,
        // Without it every failed login of one address takes longer than the last, up to a quarter of a minute.
        'service anvil {\n  unix_listener anvil-auth-penalty {\n    mode = 0\n  }\n}',
        'service stats {\n  unix_listener stats-writer {\n    mode = 0666\n  }\n}',
      ].join('\n');
      return ['/usr/sbin/dovecot', '-F', '-c', folder.write('dovecot.conf', `${config}\n`)];
    },
  };
}

/** It knows no TLS and takes no settings: there is only the one. */
export function popa3d(): PeerOptions {
  return { inetd: 'forks', command: () => ['/usr/sbin/popa3d'] };
}

export function mailutils(tls: 'no' | 'required'): PeerOptions {
  return {
    inetd: 'one-process',
    command: (folder) => {
      const key = folder.write('key.pem', fs.readFileSync(keyFile, 'utf8'), 0o600);
      const files = `tls {\n  ssl-certificate-file ${certificateFile};\n  ssl-key-file ${key};\n};\n`;
      const config = tls === 'required' ? `tls-mode required;\n${files}` : '';
      const file = folder.write('pop3d.conf', `logging {\n  syslog no;\n};\n${config}`);
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
    command: (folder, port) => {
      const main = {
        compatibility_level: '3.6',
        myhostname: 'mx.example.org',
        mydestination: 'local.example.org',
        relay_domains: 'backup.example.org',
        mynetworks: '127.0.0.99/32',
        inet_interfaces: '127.0.0.1',
        inet_protocols: 'ipv4',
        queue_directory: folder.file('spool'),
        data_directory: folder.file('data'),
        maillog_file: folder.file('maillog'),
        maillog_file_prefixes: folder.path,
        alias_maps: `texthash:${folder.write('aliases', 'postmaster: root\n')}`,
        alias_database: '',
        local_recipient_maps: 'unix:passwd.byname $alias_maps',
        smtpd_tls_chain_files: `${keyFile}, ${certificateFile}`,
        smtpd_error_sleep_time: '0',
        smtpd_client_connection_rate_limit: '0',
        // A notice would need the whole delivery side.
        notify_classes: '',
        ...settings,
      };
      folder.write(
        'etc/postfix/main.cf',
        Object.entries(main)
          .map(([key, value]) => `${key} = ${value}\n`)
          .join(''),
      );
      const service = (name: string, type: string, priv: string, program: string, wake = '-', max = '-'): string =>
        `${name} ${type} ${priv} - n ${wake} ${max} ${program}\n`;
      folder.write(
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
      folder.write('data/.keep', '');
      folder.write('spool/.keep', '');
      const start = [`chown postfix:postfix ${folder.file('data')}`, `exec /usr/sbin/postfix start-fg`].join(' && ');
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
  const m4 = (folder: PeerFolder, port: number): string => {
    folder.write('local-host-names', 'mx.example.org\nlocal.example.org\n');
    folder.write('relay-domains', 'backup.example.org\n');
    folder.write('trusted-users', 'root\n');
    folder.write('aliases', 'postmaster: root\nMAILER-DAEMON: root\n');
    folder.write('service.switch', 'hosts files\naliases files\n');
    folder.write('statistics', '');
    folder.write('helpfile', '#vers 2\nsmtp\tNothing to say\n');
    const settings: Record<string, string> = {
      confCW_FILE: folder.file('local-host-names'),
      confCR_FILE: folder.file('relay-domains'),
      confCT_FILE: folder.file('trusted-users'),
      ALIAS_FILE: folder.file('aliases'),
      confSERVICE_SWITCH_FILE: folder.file('service.switch'),
      STATUS_FILE: folder.file('statistics'),
      HELP_FILE: folder.file('helpfile'),
      QUEUE_DIR: folder.file('mqueue'),
      confPID_FILE: folder.file('sendmail.pid'),
      confDOMAIN_NAME: 'mx.example.org',
      confDONT_BLAME_SENDMAIL: 'AssumeSafeChown,TrustStickyBit',
      confTO_IDENT: '0',
      confSERVER_CERT: certificateFile,
      confSERVER_KEY: folder.file('key.pem'),
      confCACERT: certificateFile,
      confCACERT_PATH: folder.path,
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
  const shell = (folder: PeerFolder): string =>
    [
      `mkdir -p ${folder.file('mqueue')} && chmod 700 ${folder.file('mqueue')}`,
      `cp ${keyFile} ${folder.file('key.pem')} && chmod 600 ${folder.file('key.pem')}`,
      `m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 ${folder.file('sendmail.mc')} > ${folder.file('sendmail.cf')}`,
      `/usr/libexec/sendmail/sendmail -bi -C ${folder.file('sendmail.cf')}`,
    ].join(' && ');
  return {
    prepare: (folder, port) => {
      folder.write('sendmail.mc', m4(folder, port));
      return ['sh', '-c', shell(folder)];
    },
    command: (folder) => [
      '/usr/libexec/sendmail/sendmail',
      '-bD',
      '-C',
      folder.file('sendmail.cf'),
      '-X',
      folder.file('maillog'),
    ],
  };
}
