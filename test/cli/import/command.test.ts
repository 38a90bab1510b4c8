import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everything } from '../../../testkit/extent';
import { compiledMaps } from './compiled-maps';
import { inTemporaryFolder, smtpcheck } from './support';

function write(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const access = 'Connect:192.0.2 RELAY\nTo:backup.example.net RELAY\n';

describe('smtpcheck import', () => {
  it('exits 0 where all of it was carried over, and fills a folder that is not there', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access });
      const { code, stderr } = await smtpcheck(['import', 'access', '-o', 'new/config'], folder);
      assert.equal(code, 0);
      assert.equal(stderr, 'reading access (sendmail-access)\n0 left out, 0 changed, 0 notes\n');
      assert.deepEqual(readdirSync(join(folder, 'new/config')).sort(), [
        'host.deny',
        'localdomain',
        'localip',
        'relay.map',
        'relay.to',
      ]);
    });
  });

  it('refuses what never comes to an end: a pipe, a device', async () => {
    await inTemporaryFolder(async (folder) => {
      execFileSync('mkfifo', [join(folder, 'access')]);
      mkdirSync(join(folder, 'config'));
      execFileSync('mkfifo', [join(folder, 'config/localip')]);
      write(folder, { 'relay-domains': 'example.org\n' });
      for (const source of ['access', '/dev/zero']) {
        const { code, stderr } = await smtpcheck(['import', source, '-o', 'out'], folder);
        assert.equal(code, 2);
        assert.match(stderr, /is no regular file; give it as one/);
      }
      const { code, stderr } = await smtpcheck(['import', 'relay-domains', '-o', 'config', '--force'], folder);
      assert.equal(code, 2);
      assert.match(stderr, /config\/localip cannot be read: it is no regular file/);
    });
  });

  it('follows no symbolic link where it writes its temporary files', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, victim: 'untouched\n', 'config/.keep': '' });
      symlinkSync(join(folder, 'victim'), join(folder, `config/localip.${process.pid}.new`));
      assert.equal((await smtpcheck(['import', 'access', '-o', 'config'], folder)).code, 0);
      assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'untouched\n');
      assert.ok(lstatSync(join(folder, 'config/localip')).isFile());
      assert.match(readFileSync(join(folder, 'config/localip'), 'utf8'), /^192\.0\.2 /m);
    });
  });

  if (everything)
    it('takes lists of more entries than a call takes arguments', async () => {
      await inTemporaryFolder(async (folder) => {
        const lines = Array.from({ length: 130_000 }, (_, i) => `To:d${i}.example.net RELAY\n`);
        write(folder, { access: lines.join('') });
        const { code, stdout } = await smtpcheck(['import', 'access', '-o', 'out'], folder);
        assert.equal(code, 0);
        assert.match(stdout, /wrote \S+relay\.to \(130000 entries\)/);
      });
    }).timeout(120_000);

  it('writes into config/ of a Haraka folder', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, 'haraka/config/plugins': 'smtpcheck\n' });
      assert.equal((await smtpcheck(['import', 'access', '-o', 'haraka'], folder)).code, 0);
      assert.ok(existsSync(join(folder, 'haraka/config/localip')));
      assert.ok(!existsSync(join(folder, 'haraka/localip')));
    });
  });

  it('overwrites nothing without --force, and writes nothing at all then', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, 'config/localip': '198.51.100.1\n' });
      const { code, stdout, stderr } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /nothing was written: there is already \S+localip; --dry-run/);
      assert.deepEqual(readdirSync(join(folder, 'config')), ['localip']);
      assert.equal(readFileSync(join(folder, 'config/localip'), 'utf8'), '198.51.100.1\n');
    });
  });

  it('replaces lists with --force, and adds to host_list and smtpcheck.ini', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        'main.cf':
          'mynetworks = 192.0.2.0/24\nmydestination = example.org, a.example.org\nsmtpd_helo_required = yes\ncompatibility_level = 3.6\n',
        'config/localip': '198.51.100.1\n',
        'config/host_list': 'example.org',
        'config/smtpcheck.ini': '[dns]\ntimeout=1s\n\n[privacy]\nvrfy_reply=502\nflags=noexpn\n',
        'config/relay.to': '# nothing yet\n',
      });
      const { code } = await smtpcheck(['import', 'main.cf', '-o', 'config', '--force'], folder);
      assert.equal(code, 0);
      const file = (name: string) => readFileSync(join(folder, 'config', name), 'utf8');
      assert.match(file('localip'), /^192\.0\.2\.0\/24 {2}# main\.cf:1$/m);
      assert.ok(!file('localip').includes('198.51.100.1'));
      assert.equal(file('host_list'), 'example.org\n# main.cf:2\na.example.org\n');
      assert.equal(
        file('smtpcheck.ini'),
        '[dns]\ntimeout=1s\n\n[privacy]\nvrfy_reply=502\nflags=needmailhelo,noexpn\n',
      );
      // Empty it is, and empty it stays.
      assert.equal(file('relay.to'), '# nothing yet\n');
    });
  });

  it('empties a list that the sources have nothing for any more, with --force only, and says so', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        access: 'Connect:192.0.2 RELAY\n',
        'config/relay.to': '# ours by hand\nbackup.example.net\n',
        'config/host.deny': '203.0.113\n198.51.100 # bad\n',
      });
      const refused = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /there is already \S+relay\.to, \S+host\.deny;/);
      const { code, stdout, stderr } = await smtpcheck(['import', 'access', '-o', 'config', '--force'], folder);
      assert.equal(code, 0);
      assert.match(stdout, /^emptied \S+relay\.to \(it held 1 entry\)$/m);
      assert.match(stderr, /^warning: \S+host\.deny is emptied of 2 entries: whom only they refuse is let in$/m);
      assert.doesNotMatch(stderr, /relay\.to is emptied/);
      for (const name of ['relay.to', 'host.deny'])
        assert.match(readFileSync(join(folder, 'config', name), 'utf8'), /^(?:#.*\n)+$/);
    });
  });

  it('fills lists and settings that hold nothing but comments, as init writes them, without --force', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        'main.cf': 'mynetworks = 192.0.2.0/24\nmydestination =\nsmtpd_helo_required = yes\n',
        'config/localip': readFileSync('config/localip'),
        'config/smtpcheck.ini': readFileSync('config/smtpcheck.ini'),
      });
      const { code, stderr } = await smtpcheck(['import', 'main.cf', '-o', 'config'], folder);
      assert.equal(code, 0, stderr);
      assert.match(readFileSync(join(folder, 'config/localip'), 'utf8'), /^192\.0\.2\.0\/24 /m);
      const settings = readFileSync(join(folder, 'config/smtpcheck.ini'), 'utf8');
      assert.match(settings, /^\[privacy\]\nflags=needmailhelo,noexpn$/m);
      assert.match(settings, /^;local_ip=localip$/m);
    });
  });

  const elsewhere: readonly { readonly name: string; readonly ini: string; readonly says: RegExp }[] = [
    {
      name: 'another file',
      ini: '[relay]\nlocal_ip=ours/trusted\n',
      says: /^smtpcheck\.ini names ours\/trusted in \[relay\] local_ip: nobody reads the new \S+\/localip until/m,
    },
    {
      name: 'no list',
      ini: '[relay]\nlocal_ip=\n',
      says: /^smtpcheck\.ini names no list in \[relay\] local_ip: nobody reads the new \S+\/localip until/m,
    },
    {
      name: 'Redis',
      ini: '[relay]\nlocal_ip=redis:ours localip\n',
      says: /^smtpcheck\.ini has a list in redis:ours: /m,
    },
  ];
  for (const { name, ini, says } of elsewhere) {
    it(`exits 1 and says so where smtpcheck.ini names ${name} in place of a list that it fills`, async () => {
      await inTemporaryFolder(async (folder) => {
        write(folder, { access, 'config/smtpcheck.ini': ini });
        const { code, stderr } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
        assert.match(stderr, says);
        assert.equal(code, 1);
      });
    });
  }

  it('has nothing to say of other names for lists that it has nothing for, or for the same file', async () => {
    await inTemporaryFolder(async (folder) => {
      const ini = `[relay]\nlocal_domain=names\nlocal_ip=${join(folder, 'config/localip')}\n[deny]\nhosts=\n`;
      write(folder, { access, 'config/smtpcheck.ini': ini });
      const { code, stderr } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.equal(stderr, 'reading access (sendmail-access)\n0 left out, 0 changed, 0 notes\n');
      assert.equal(code, 0);
    });
  });

  it('sends nothing to a terminal or into a list that would turn its text around', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access: '# lab \u202egnp\u2066\nConnect:192.0.2 RELAY\nFrom:\u202eboss RELAY\n' });
      const { stderr } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.match(stderr, /From:\\u202eboss RELAY/);
      assert.match(readFileSync(join(folder, 'config/localip'), 'utf8'), /^# lab \\u202egnp\\u2066$/m);
      assert.match(stderr, /^1 left out, 0 changed, 0 notes$/m);
    });
  });

  it('counts one note as one', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access: 'Connect:192.0.2 RELAY\nConnect:192.0.2.7 RELAY\n' });
      assert.match(
        (await smtpcheck(['import', 'access', '-o', 'config'], folder)).stderr,
        /^0 left out, 0 changed, 1 note$/m,
      );
    });
  });

  it('can be run twice: what is the same stays as it is', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access });
      assert.equal((await smtpcheck(['import', 'access', '-o', 'config'], folder)).code, 0);
      const { code, stdout } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.equal(code, 0);
      assert.match(stdout, /^unchanged \S+localip \(1 entry\)$/m);
    });
  });

  it('shows a diff with --dry-run, and writes nothing', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, 'config/localip': '192.0.2.1\n' });
      const { code, stdout } = await smtpcheck(['import', 'access', '-o', 'config', '--dry-run'], folder);
      assert.equal(code, 0);
      assert.match(stdout, /^--- a\/localip\n\+\+\+ b\/localip\n@@ -1,1 \+1,4 @@\n-192\.0\.2\.1\n\+# localip/);
      assert.match(stdout, /^--- \/dev\/null\n\+\+\+ b\/relay\.to$/m);
      assert.deepEqual(readdirSync(join(folder, 'config')), ['localip']);
    });
  });

  it('prints one JSON document with --json', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access: `# lab\n${access}From:x@example.org RELAY\n` });
      const { code, stdout, stderr } = await smtpcheck(
        ['import', 'access', '-o', 'config', '--json', '--dry-run'],
        folder,
      );
      assert.equal(code, 1);
      assert.equal(stderr, 'reading access (sendmail-access)\n');
      const document = JSON.parse(stdout) as Record<string, unknown>;
      assert.deepEqual(Object.keys(document), [
        'version',
        'folder',
        'dryRun',
        'sources',
        'lists',
        'map',
        'hostList',
        'settings',
        'suggestions',
        'files',
        'remarks',
      ]);
      assert.equal(document.version, 1);
      assert.deepEqual(document.sources, [{ file: 'access', type: 'sendmail-access' }]);
      const lists = document.lists as Record<string, unknown>;
      assert.deepEqual(lists.localip, [{ entry: '192.0.2', from: [{ file: 'access', line: 2 }], comments: ['lab'] }]);
      const remarks = document.remarks as Record<string, unknown>[];
      assert.equal(remarks.length, 1);
      assert.deepEqual(remarks[0], {
        code: 'access-from-relay',
        at: { file: 'access', line: 4 },
        text: 'From:x@example.org RELAY',
        kind: 'left-out',
        message: 'a sender address is only a claim: anyone can write it.',
        effect: 'nobody may relay by naming this sender.',
        suggestion: 'list the client in localip or localdomain, or let it log in (AUTH).',
      });
    });
  });

  for (const { name, file, bytes } of compiledMaps) {
    it(`answers ${name} with the command that prints its source`, async () => {
      await inTemporaryFolder(async (folder) => {
        write(folder, { [file]: bytes });
        const { code, stdout, stderr } = await smtpcheck(['import', file, '-o', 'config'], folder);
        assert.equal(code, 2);
        assert.equal(stdout, '');
        assert.match(stderr, /a compiled map \(.*\); import its source text, which `(?:makemap -u|postmap -s|cdb -d) /);
        assert.ok(!existsSync(join(folder, 'config')));
      });
    });
  }

  it('answers a named table of which only the compiled map is there', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        'postfix/main.cf': 'mynetworks =\nrelay_domains = hash:/etc/postfix/relay\n',
        'postfix/relay.db': compiledMaps[0]?.bytes ?? '',
      });
      const { code, stderr } = await smtpcheck(['import', 'postfix/main.cf', '-o', 'config'], folder);
      assert.equal(code, 2);
      assert.match(stderr, /postfix\/relay\.db: a compiled map .* `postmap -s hash:postfix\/relay` prints/);
    });
  });

  it('names every file that is missing, and goes on without them with --skip-missing', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        'sendmail.def': 'LOCAL_HOST_IPADDR=/no/localip\nCHECK_HOST_DENY=/no/deny\nALLOW_RELAY_TO=a.example\n',
      });
      const refused = await smtpcheck(['import', 'sendmail.def', '-o', 'config'], folder);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /sendmail\.def:1: names \/no\/localip, which is not there/);
      assert.match(refused.stderr, /sendmail\.def:2: names \/no\/deny, which is not there/);
      assert.ok(!existsSync(join(folder, 'config')));
      const skipped = await smtpcheck(['import', 'sendmail.def', '-o', 'config', '--skip-missing'], folder);
      assert.equal(skipped.code, 1);
      assert.match(skipped.stderr, /^sendmail\.def:2: left out: .*\[file-missing\]$/m);
      assert.match(readFileSync(join(folder, 'config/relay.to'), 'utf8'), /^a\.example {2}/m);
    });
  });

  it('finds named files among the sources, beside the source, and under --root', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        'a/sendmail.def':
          'LOCAL_HOST_IPADDR=/etc/x/localip.1\nLOCAL_HOST_DOMAIN=/etc/x/domain.1\nALLOW_RELAY_TO=/etc/x/to.1\n',
        'b/localip.1': '192.0.2\n',
        'a/domain.1': 'example.org\n',
        'root/etc/x/to.1': 'backup.example.net\n',
      });
      const { code, stderr } = await smtpcheck(
        ['import', 'a/sendmail.def', 'b/localip.1', '--root', 'root', '-o', 'config'],
        folder,
      );
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^reading b\/localip\.1 \(cf-localip\)$/m);
      assert.match(stderr, /^reading a\/domain\.1 \(cf-localdomain\)$/m);
      assert.match(stderr, /^reading root\/etc\/x\/to\.1 \(cf-relay-to\)$/m);
    });
  });

  it('reads features before the files that they change, in whatever order they are given', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, {
        access: 'Connect:a.example.org RELAY\n',
        'x.mc':
          "FEATURE(`relay_hosts_only')\nFEATURE(`accept_unqualified_senders')\nFEATURE(`accept_unresolvable_domains')\n",
      });
      assert.equal((await smtpcheck(['import', 'access', 'x.mc', '-o', 'config'], folder)).code, 0);
      assert.match(readFileSync(join(folder, 'config/localdomain'), 'utf8'), /^=a\.example\.org /m);
    });
  });

  it('asks for --type where it cannot tell, and takes it for one source or all', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { n: '192.0.2.0/24 OK\n', access });
      const { code, stderr } = await smtpcheck(['import', 'n', '-o', 'config'], folder);
      assert.equal(code, 2);
      assert.match(stderr, /n: cannot tell what kind of source this is; say it with --type n=TYPE/);
      const typed = await smtpcheck(
        ['import', 'n', 'access', '--type', 'n=postfix-mynetworks-cidr', '-o', 'config'],
        folder,
      );
      assert.equal(typed.code, 0, typed.stderr);
      assert.match(readFileSync(join(folder, 'config/localip'), 'utf8'), /^192\.0\.2\.0\/24 {2}# n:1, access:1$/m);
      assert.equal((await smtpcheck(['import', 'n', '--type', 'nonsense', '-o', 'c'], folder)).code, 2);
    });
  });

  it('could not run without sources, without -o, and where files cannot be read or written', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, 'sub/x': '', file: '' });
      for (const args of [
        [],
        ['access'],
        ['-o', 'config'],
        ['absent', '-o', 'c'],
        ['sub', '-o', 'c'],
        ['access', '-o', 'file'],
      ]) {
        const { code, stdout } = await smtpcheck(['import', ...args], folder);
        assert.equal(code, 2, args.join(' '));
        assert.equal(stdout, '');
      }
    });
  });

  it('lists its types and examples with --help', async () => {
    await inTemporaryFolder(async (folder) => {
      const help = await smtpcheck(['import', '--help'], folder);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /Examples:\n {2}smtpcheck import/);
      assert.match(help.stdout, /postfix-main/);
    });
  });

  it('writes nothing at all where a folder is in the place of a list', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, 'config/relay.to/inside': '' });
      const { code, stderr } = await smtpcheck(['import', 'access', '-o', 'config', '--force'], folder);
      assert.equal(code, 2);
      assert.match(stderr, /^smtpcheck: config\/relay\.to cannot be read: it is no regular file\n$/m);
      assert.deepEqual(readdirSync(join(folder, 'config')), ['relay.to']);
      assert.deepEqual(readdirSync(join(folder, 'config/relay.to')), ['inside']);
    });
  });

  it('leaves no half-written file behind where the folder cannot be written, by root either', async () => {
    await inTemporaryFolder(async (folder) => {
      write(folder, { access, config: 'a file' });
      const { code, stderr } = await smtpcheck(['import', 'access', '-o', 'config'], folder);
      assert.equal(code, 2);
      assert.match(stderr, /cannot write to \S+config: /);
      assert.deepEqual(readdirSync(folder).sort(), ['access', 'config']);
      assert.equal(readFileSync(join(folder, 'config'), 'utf8'), 'a file');
    });
  });
});
