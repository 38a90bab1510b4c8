/** The command, and the formats of its report. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { run } from '../../../src/cli/lint/command';
import { lintCodes } from '../../../src/cli/lint/finding';
import { describeLines } from '../../../src/cli/lint/fold';
import { explainCode } from '../../../src/cli/lint/rules-page';
import { findingCodes } from '../../../src/policy/findings/finding';
import { makeFolder } from '../../../testkit/folder';
import { smtpcheck } from '../command';
import { copyOf } from './fixture';

const slip =
  'plugins:1:1: warning: config/plugins does not load the suite; run npx smtpcheck init . in the Haraka folder, or add the line smtpcheck [plugin-absent]\n';
const hint = 'smtpcheck lint --explain CODE prints what a finding means and what to write instead\n';

describe('smtpcheck lint', () => {
  it('exits 0 where there is nothing, with an empty stdout and the count on stderr', async () => {
    const folder = copyOf('clean-lists-in-use');
    assert.deepEqual(await smtpcheck(['lint'], { cwd: folder.path }), {
      code: 0,
      stdout: '',
      stderr: `0 errors, 0 warnings in ${folder.file('config')}\n`,
    });
  });

  it('exits 1 with findings on stdout', async () => {
    const folder = copyOf('plugin-absent');
    assert.deepEqual(await smtpcheck(['lint'], { cwd: folder.path }), {
      code: 1,
      stdout: slip,
      stderr: `0 errors, 1 warning in ${folder.file('config')}\n${hint}`,
    });
  });

  it('exits 1 for a fault that would stop Haraka, and asks the DNS nothing then', async () => {
    const folder = copyOf('faults-and-slips-together');
    const { code, stdout, stderr } = await smtpcheck(['lint', '--dns'], { cwd: folder.path });
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^our-networks:1:1: error: 198\.51\.100\.9\/24 .*; write 198\.51\.100\.0\/24 \[prefix-host-bits\]$/m,
    );
    assert.equal(
      stderr,
      `the DNS was not asked: Haraka would not start with these faults\n3 errors, 4 warnings in ${folder.file('config')}\n${hint}`,
    );
  });

  it('exits 2 where it finds no Haraka folder, with nothing on stdout', async () => {
    const folder = makeFolder();
    for (const [args, env, message] of [
      [['lint'], {}, /is in no Haraka folder .*name it with -c DIR/],
      [['lint', '-c', 'nowhere'], {}, /nowhere: no Haraka folder there/],
      [['lint'], { HARAKA: folder.path }, /HARAKA=\S+: no Haraka folder there/],
      [['lint', '--format=yaml'], {}, /Allowed choices are text, json, github, junit/],
      [['lint', '--dsn'], {}, /unknown option '--dsn'\n\(Did you mean --dns\?\)/],
      [['lint', 'too', 'much'], {}, /too many arguments/],
    ] as const) {
      const ran = await smtpcheck(args, { cwd: folder.path, env });
      assert.equal(ran.code, 2, args.join(' '));
      assert.equal(ran.stdout, '');
      assert.match(ran.stderr, message);
      assert.match(ran.stderr, /^smtpcheck: /);
    }
  });

  it('finds the folder by -c, by HARAKA, and by where it is run, in this order', async () => {
    const absent = copyOf('plugin-absent');
    const clean = copyOf('clean-lists-in-use');
    clean.write('config/deeper/x', '');
    const none = makeFolder();
    const codeOf = async (args: readonly string[], cwd: string, env = {}) =>
      (await smtpcheck(['lint', ...args], { cwd, env })).code;
    assert.equal(await codeOf([], absent.path), 1);
    assert.equal(await codeOf([], absent.path, { HARAKA: clean.path }), 0);
    assert.equal(await codeOf(['-c', absent.path], none.path, { HARAKA: clean.path }), 1);
    assert.equal(await codeOf(['--config', absent.file('config')], none.path), 1);
    assert.equal(await codeOf(['-c', '../..'], clean.file('config/deeper')), 0);
    assert.equal(await codeOf([], absent.file('config')), 1);
    assert.equal(await codeOf([], clean.file('config/deeper')), 0);
  });

  it('names --explain on stderr where the report is text, and not beside a report for programs', async () => {
    const folder = copyOf('plugin-absent');
    for (const format of ['json', 'github', 'junit']) {
      const { stderr } = await smtpcheck(['lint', `--format=${format}`], { cwd: folder.path });
      assert.equal(stderr, `0 errors, 1 warning in ${folder.file('config')}\n`, format);
    }
  });
});

describe('smtpcheck lint of many findings', () => {
  /** `localip` with so many private networks, every third line a comment. */
  const crowded = (count: number, files: Readonly<Record<string, string>> = {}) => {
    const folder = copyOf('clean-lists-in-use');
    const lines = Array.from({ length: count }, (_, i) => `10.${i + 1}.0.0/16\n${i % 2 === 1 ? '# two\n' : ''}`);
    folder.write('config/localip', lines.join(''));
    for (const [name, text] of Object.entries(files)) folder.write(`config/${name}`, text);
    return folder;
  };

  it('shows the first of one code in one file, and the lines of the others', async () => {
    const folder = crowded(9, { 'host.deny': '127.0.0.1\n' });
    const { code, stdout, stderr } = await smtpcheck(['lint'], { cwd: folder.path });
    assert.equal(code, 1);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/ (?:refuses|trusts) .*(?= \[)/, '')),
      [
        'host.deny:1:1: warning: 127.0.0.1 [deny-covers-this-host]',
        'localip:1:1: warning: 10.1.0.0/16 [network-private]',
        'localip:2:1: warning: 10.2.0.0/16 [network-private]',
        'localip:4:1: warning: 10.3.0.0/16 [network-private]',
        'localip: ... and 6 more on lines 5, 7-8, 10-11, 13 [network-private]',
      ],
    );
    assert.match(
      stderr,
      /^0 errors, 10 warnings in .*\nsmtpcheck lint --all shows every finding\nsmtpcheck lint --explain/,
    );
  });

  it('shows each with --all, and always in a report for programs', async () => {
    const folder = crowded(9);
    const all = await smtpcheck(['lint', '--all'], { cwd: folder.path });
    assert.equal(all.stdout.trimEnd().split('\n').length, 9);
    assert.doesNotMatch(all.stderr, /--all/);
    const json = await smtpcheck(['lint', '--json'], { cwd: folder.path });
    assert.equal((JSON.parse(json.stdout) as { findings: unknown[] }).findings.length, 9);
    const github = await smtpcheck(['lint', '--format=github'], { cwd: folder.path });
    assert.equal(github.stdout.trimEnd().split('\n').length, 9);
  });

  it('shows five without folding them, and folds each code and file by itself', async () => {
    const five = await smtpcheck(['lint'], { cwd: crowded(5).path });
    assert.equal(five.stdout.trimEnd().split('\n').length, 5);
    assert.doesNotMatch(five.stdout + five.stderr, /and \d+ more|--all/);
    const map = Array.from({ length: 5 }, (_, i) => `Connect:10.${i + 1}.0.0/16 RELAY\n`).join('');
    const two = await smtpcheck(['lint'], { cwd: crowded(5, { 'relay.map': map }).path });
    assert.equal(two.stdout.trimEnd().split('\n').length, 10);
  });

  it('names the first and the last lines where there are too many ranges', () => {
    assert.equal(describeLines([4]), '4');
    assert.equal(describeLines([4, 4, 5, 7]), '4-5, 7');
    assert.equal(describeLines([1, 3, 5, 7, 9, 11, 13, 15]), '1, 3, 5, 7, 9, 11, 13, 15');
    assert.equal(describeLines([1, 3, 5, 7, 9, 11, 13, 15, 17, 18]), '1, 3, 5, 7, 9, 11, 13, 15 and others up to 18');
  });

  it('shows a tab as it is, and what a terminal would obey escaped', async () => {
    const folder = crowded(0, { 'relay.to': 'backup.example\t[127.0.0.1]\t\u009b\n' });
    const { stdout } = await smtpcheck(['lint'], { cwd: folder.path });
    assert.match(
      stdout,
      /^relay\.to:1:1: error: backup\.example\t\[127\.0\.0\.1\]\t\\u009b has the character U\+009B,/,
    );
    const github = await smtpcheck(['lint', '--format=github'], { cwd: folder.path });
    assert.match(github.stdout, /::backup\.example\t\[127\.0\.0\.1\]\t\\u009b has/);
    const json = await smtpcheck(['lint', '--json'], { cwd: folder.path });
    assert.doesNotMatch(json.stdout, /\t/);
  });
});

describe('smtpcheck lint --errors-only', () => {
  it('reports errors alone, and exits 0 where there are none', async () => {
    const warned = await smtpcheck(['lint', '--errors-only'], { cwd: copyOf('network-private').path });
    assert.deepEqual([warned.code, warned.stdout], [0, '']);
    assert.match(warned.stderr, /^0 errors, \d+ warnings \(not shown\) in \S+\n$/);
    for (const format of ['text', 'json', 'github', 'junit']) {
      const { code, stdout } = await smtpcheck(['lint', '--errors-only', '--format', format], {
        cwd: copyOf('faults-and-slips-together').path,
      });
      assert.equal(code, 1, format);
      assert.doesNotMatch(stdout, /warning|entry-twice/);
      assert.match(stdout, /domain-wildcard/);
    }
  });

  it('says nothing of warnings where there are none', async () => {
    const { stderr } = await smtpcheck(['lint', '--errors-only'], { cwd: copyOf('clean-lists-in-use').path });
    assert.match(stderr, /^0 errors, 0 warnings in \S+\n$/);
  });
});

describe('smtpcheck: allow', () => {
  const reportOf = async (files: Readonly<Record<string, string>>, args: readonly string[] = []) => {
    const folder = copyOf('clean-lists-in-use');
    for (const [name, text] of Object.entries(files)) folder.write(`config/${name}`, text);
    const { code, stdout, stderr } = await smtpcheck(['lint', ...args], { cwd: folder.path });
    const found = [...stdout.matchAll(/^(\S+:\d+):\d+: .* \[(\S+)\]$/gm)].map(([, place, code]) => `${place} ${code}`);
    return { code, found, stdout, stderr };
  };

  it('hides findings of its codes on its line, and says how many', async () => {
    const { code, found, stderr } = await reportOf({
      localip:
        '10.0.0.0/8 # ours; smtpcheck: allow network-private\n10.1.0.0/16 ; smtpcheck: allow entry-shadowed , Network-Private\n127 #smtpcheck:allow network-loopback (web form)\n',
      'relay.map': 'Connect:172.17.0.0/16 RELAY ; smtpcheck: allow network-docker\n',
    });
    assert.deepEqual([code, found], [0, []]);
    assert.match(stderr, /^0 errors, 0 warnings, 5 allowed in \S+\n$/);
  });

  it('hides no other code, no other line, and nothing in another list', async () => {
    const { found } = await reportOf({
      localip: '10.0.0.0/8 # smtpcheck: allow network-wide\n172.17\n',
      'relay.map': '# smtpcheck: allow network-docker\nConnect:172.17.0.0/16 RELAY\n',
    });
    assert.deepEqual(found, [
      'localip:1 network-private',
      'localip:1 allow-unused',
      'localip:2 network-docker',
      'relay.map:1 allow-unused',
      'relay.map:2 network-docker',
    ]);
  });

  it('cannot hide what keeps a list from loading', async () => {
    const { found, stdout } = await reportOf({
      localip: '192.0.2.9/24 # smtpcheck: allow prefix-host-bits, list-format\n',
    });
    assert.deepEqual(found, ['localip:1 prefix-host-bits', 'localip:1 allow-unused', 'localip:1 allow-unused']);
    assert.match(stdout, /names prefix-host-bits, which keeps the list from loading and cannot be allowed/);
  });

  it('hides an error that is no fault, and names the code that a misspelt one is near', async () => {
    const { found, stdout } = await reportOf({
      'relay.to': 'gmail.com # smtpcheck: allow public-mail-domain\nyahoo.com # smtpcheck: allow public-mail-domian\n',
    });
    assert.deepEqual(found, ['relay.to:2 public-mail-domain', 'relay.to:2 allow-unused']);
    assert.match(stdout, /public-mail-domian, which no finding has as its code \(there is public-mail-domain\)/);
  });

  it('is no instruction in the text of a reply, nor without its word', async () => {
    const { found } = await reportOf({
      'relay.map': 'To:old.example 550 No smtpcheck: allow map-reply-semicolon\n',
      localip: '192.0.2.70 # smtpcheck: see the wiki, allow nobody else\n192.0.2.80 # smtpcheck: allowance\n',
    });
    assert.deepEqual(found, []);
  });
});

describe('smtpcheck lint on a terminal', () => {
  const printed = async (env: Readonly<Record<string, string>>, isTTY = true, format: 'text' | 'json' = 'text') => {
    const folder = copyOf('plugin-absent');
    let stdout = '';
    const write = (text: string) => {
      stdout += text;
    };
    await run({ format }, { stdout: { write, isTTY }, stderr: { write: () => {} }, env, cwd: folder.path });
    return stdout;
  };

  it('has colours', async () => {
    assert.ok(
      (await printed({})).startsWith('\u001b[1mplugins:1:1\u001b[22m: \u001b[33mwarning\u001b[39m: config/plugins'),
    );
  });

  it('has none under NO_COLOR, on a dumb terminal, in a pipe, and in a format for programs', async () => {
    assert.equal(await printed({ NO_COLOR: '1' }), slip);
    assert.equal(await printed({ TERM: 'dumb' }), slip);
    assert.equal(await printed({}, false), slip);
    assert.ok(!(await printed({}, true, 'json')).includes('\u001b'));
  });

  it('has them with an empty NO_COLOR, which counts as none', async () => {
    assert.ok((await printed({ NO_COLOR: '' })).includes('\u001b[33m'));
  });

  it('lets no list write to it: what is not printable is escaped', async () => {
    const { stdout } = await smtpcheck(['lint'], { cwd: copyOf('escape-sequence-in-a-list').path });
    assert.match(stdout, /^host_list:1:1: warning: \\u001b\]0;owned\\u0007\.example never matches/);
    assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f]/);
  });

  it('cuts an entry that is very long, as a load does; --json has all of it', async () => {
    const long = `${'x'.repeat(200)}#`;
    const folder = copyOf('escape-sequence-in-a-list');
    folder.write('config/host_list', `${long}\n`);
    const { stdout } = await smtpcheck(['lint'], { cwd: folder.path });
    assert.match(stdout, /^host_list:1:1: warning: x{117}\.\.\. never matches/);
    const { findings } = JSON.parse((await smtpcheck(['lint', '--json'], { cwd: folder.path })).stdout) as {
      findings: readonly { text: string }[];
    };
    assert.equal(findings[0]?.text, long);
  });
});

describe('smtpcheck lint --format', () => {
  const folderOf = () => {
    const folder = copyOf('plugin-absent');
    folder.write('config/localip', '198.51.100.9/24\n  10.0.0.0/8  # 100% "ours" & <theirs>\n');
    folder.write('config/host_list', '50%,"a"&<b>:c\n');
    return folder;
  };

  it('json has the whole finding, and is what --json prints', async () => {
    const folder = folderOf();
    const { code, stdout } = await smtpcheck(['lint', '--format=json'], { cwd: folder.path });
    assert.equal(code, 1);
    const { findings, ...rest } = JSON.parse(stdout) as { findings: Record<string, unknown>[] };
    assert.deepEqual(rest, {
      version: 1,
      folder: folder.file('config'),
      files: ['smtpcheck.ini', 'plugins', 'localip', 'host_list'],
      allowed: 0,
    });
    assert.deepEqual(
      findings.map(({ file, line, column, code: found }) => `${file}:${line}:${column} ${found}`),
      [
        'host_list:1:1 host-list-entry',
        'localip:1:1 prefix-host-bits',
        'localip:2:3 network-private',
        'plugins:1:1 plugin-absent',
      ],
    );
    const message = '198.51.100.9/24 has host bits set; write 198.51.100.0/24';
    assert.deepEqual(findings[1], {
      file: 'localip',
      line: 1,
      column: 1,
      severity: 'error',
      code: 'prefix-host-bits',
      text: '198.51.100.9/24',
      message,
      suggestion: '198.51.100.0/24',
    });
    assert.equal((await smtpcheck(['lint', '--json', '--format=junit'], { cwd: folder.path })).stdout, stdout);
  });

  it('json of a clean folder is a document too', async () => {
    const { code, stdout } = await smtpcheck(['lint', '--json'], { cwd: copyOf('clean-lists-in-use').path });
    assert.equal(code, 0);
    assert.deepEqual((JSON.parse(stdout) as { findings: unknown }).findings, []);
  });

  it('github names files as the repository does, and escapes properties and data', async () => {
    const folder = folderOf();
    const { stdout } = await smtpcheck(['lint', '--format=github', '-c', folder.path], { cwd: folder.file('..') });
    const lines = stdout.trimEnd().split('\n');
    const base = folder.path.split('/').at(-1);
    assert.match(
      lines[0] ?? '',
      /^::warning file=\S+\/config\/host_list,line=1,col=1,title=host-list-entry::50%25,"a"&<b>:c never matches: /,
    );
    assert.equal(
      lines[1],
      `::error file=${base}/config/localip,line=1,col=1,title=prefix-host-bits::198.51.100.9/24 has host bits set; write 198.51.100.0/24`,
    );
  });

  it('junit is well-formed, with one test case a file', async () => {
    const { stdout } = await smtpcheck(['lint', '--format=junit'], { cwd: folderOf().path });
    const elements = elementsOf(stdout);
    const suite = elements.find(({ name }) => name === 'testsuite');
    assert.deepEqual(suite?.attributes, { name: 'smtpcheck lint', tests: '4', failures: '3', errors: '0' });
    const testcases = elements.filter(({ name }) => name === 'testcase').map(({ attributes }) => attributes.name);
    assert.deepEqual(testcases, ['smtpcheck.ini', 'plugins', 'localip', 'host_list']);
    const failures = elements.filter(({ name }) => name === 'failure').map(({ attributes }) => attributes.type);
    assert.deepEqual(failures, ['plugin-absent', 'prefix-host-bits', 'network-private', 'host-list-entry']);
    const hostList = elements.find(({ attributes }) => attributes.type === 'host-list-entry');
    assert.match(hostList?.attributes.message ?? '', /^50%,"a"&<b>:c never matches/);
  });
});

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements of an XML document in their order; fails where it is not well-formed. */
function elementsOf(xml: string): readonly Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  const token = /<\?xml[^>]*\?>|<\/([\w-]+)>|<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<>]+)/y;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    assert.ok(match, `not well-formed at ${JSON.stringify(xml.slice(at, at + 60))}`);
    const [, closed, opened, attributes = '', alone, text = ''] = match;
    assert.doesNotMatch(text + attributes, /&(?!(?:amp|lt|gt|quot|apos|#\d+);)/, 'a bare ampersand');
    if (closed) assert.equal(closed, open.pop());
    if (!opened) continue;
    if (!alone) open.push(opened);
    const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
      key,
      unescaped(value),
    ]);
    elements.push({ name: opened, attributes: Object.fromEntries(pairs) });
  }
  assert.deepEqual(open, []);
  return elements;
}

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return text.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => characters[name] ?? '');
}

describe('smtpcheck lint --explain', () => {
  const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'rules.md'), 'utf8');

  for (const code of [...findingCodes, ...lintCodes]) {
    it(`prints the section of ${code} and no other`, () => {
      const text = explainCode(code);
      assert.ok(text.startsWith(`## ${code}\n\n`), text);
      assert.ok(page.includes(`${text}\n##`) || page.includes(`${text}\n# `) || page.endsWith(text), text);
      assert.equal(text.match(/^#{1,2} /gm)?.length, 1, text);
      assert.equal((text.match(/^```/gm) ?? []).length % 2, 0, 'no example is cut');
    });
  }

  it('needs no Haraka folder, and exits 0', async () => {
    const ran = await smtpcheck(['lint', '--explain', 'entry-twice'], { cwd: '/' });
    assert.deepEqual(ran, { code: 0, stdout: explainCode('entry-twice'), stderr: '' });
  });

  it('exits 2 for a code that there is not, with the nearest one', async () => {
    for (const [written, message] of [
      ['entry-twise', 'no finding has the code entry-twise; did you mean entry-twice?'],
      ['Prefix-Host-Bits', 'no finding has the code Prefix-Host-Bits; did you mean prefix-host-bits?'],
      ['\u001b[31m', /^no finding has the code \\u001b\[31m; the codes are the headings of \S+rules\.md$/],
    ] as const) {
      const { code, stdout, stderr } = await smtpcheck(['lint', '--explain', written]);
      assert.deepEqual([code, stdout], [2, '']);
      const [, said = ''] = /^smtpcheck: (.*)\n$/.exec(stderr) ?? [];
      if (typeof message === 'string') assert.equal(said, message);
      else assert.match(said, message);
    }
  });

  it('exits 2 beside an option of a report', async () => {
    for (const option of ['--json', '--dns', '--all', '--errors-only', '--format=json', '--config=/etc/haraka']) {
      const { code, stdout, stderr } = await smtpcheck(['lint', '--explain', 'entry-twice', option]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /cannot be used with option/);
    }
  });
});
