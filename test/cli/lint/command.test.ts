/** The command, and the formats of its report. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../../examples/haraka-directory';
import { run } from '../../../src/cli/lint';
import { lintCodes } from '../../../src/cli/lint/finding';
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
    for (const option of ['--json', '--dns', '--format=json', '--config=/etc/haraka']) {
      const { code, stdout, stderr } = await smtpcheck(['lint', '--explain', 'entry-twice', option]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /cannot be used with option/);
    }
  });
});
