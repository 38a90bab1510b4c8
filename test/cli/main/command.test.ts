/** What the subcommands share, seen from outside. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../../../examples/haraka-directory';
import { makeFolder } from '../../../testkit/folder';
import { program, smtpcheck, smtpcheckProcess } from '../command';

const subcommands = [
  'lint',
  'explain',
  'status',
  'limits',
  'follow',
  'why',
  'diff',
  'replay',
  'test',
  'init',
  'import',
  'audit',
] as const;

describe('smtpcheck', () => {
  it('prints its help on stdout, with every subcommand and examples', async () => {
    const { code, stdout, stderr } = await smtpcheck(['--help']);
    assert.equal(code, 0);
    assert.equal(stderr, '');
    for (const name of subcommands) assert.match(stdout, new RegExp(`^  ${name} +\\S`, 'm'));
    assert.match(stdout, /\nExamples:\n(?: {2}smtpcheck .*\n){6}/);
    assert.match(stdout, /Exit code: 0 clean, 1 findings or refusals, 2 could not run\./);
    assert.equal((await smtpcheck(['help'])).stdout, stdout);
    assert.equal((await smtpcheck(['-h'])).stdout, stdout);
  });

  for (const name of subcommands) {
    it(`prints help for ${name}, in the same look`, async () => {
      const { code, stdout, stderr } = await smtpcheck([name, '--help']);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      assert.ok(stdout.startsWith(`Usage: smtpcheck ${name} `), stdout);
      assert.match(stdout, /\nOptions:\n/);
      assert.match(stdout, new RegExp(`\\nExamples:\\n(?:  smtpcheck ${name} .*\\n)+`));
      assert.match(stdout, /\nExit code: 0 .*2 could not run/);
      assert.match(stdout, /--json/);
      assert.doesNotMatch(stdout, /default: (?:\[\]|false)/);
      assert.equal((await smtpcheck(['help', name])).stdout, stdout);
    });
  }

  it('has a section in docs/reference/cli.md for each of its subcommands, and no other subcommand', async () => {
    const { stdout } = await smtpcheck(['--help']);
    const [, list = ''] = /\nCommands:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
    const listed = [...list.matchAll(/^ {2}(\w+) /gm)].map(([, name = '']) => name).filter((name) => name !== 'help');
    assert.deepEqual(listed, [...subcommands]);
    const page = fs.readFileSync(path.join(checkout, 'docs', 'reference', 'cli.md'), 'utf8');
    for (const name of listed) {
      assert.ok(page.includes(`\n## ${name}\n`), name);
      assert.ok(page.includes(`| [${name}](#${name}) |`), name);
    }
  });

  it('prints the version of the package', async () => {
    const { version } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { version: string };
    for (const option of ['--version', '-V']) {
      assert.deepEqual(await smtpcheck([option]), { code: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('exits 2 for a subcommand that it does not know, with the nearest one', async () => {
    for (const [written, meant] of [
      ['lnit', /Did you mean one of init, lint\?/],
      ['explan', /Did you mean explain\?/],
      ['audti', /Did you mean audit\?/],
    ] as const) {
      const { code, stdout, stderr } = await smtpcheck([written]);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.ok(stderr.startsWith(`smtpcheck: unknown command '${written}'\n`), stderr);
      assert.match(stderr, meant);
    }
    const { code, stderr } = await smtpcheck(['frobnicate']);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /Did you mean/);
  });

  it('exits 2 and prints its help on stderr when it is asked for nothing', async () => {
    const { code, stdout, stderr } = await smtpcheck([]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^Usage: smtpcheck /);
  });

  it('runs through the link that npm makes of the name in package.json', async () => {
    const { bin } = JSON.parse(fs.readFileSync(path.join(checkout, 'package.json'), 'utf8')) as { bin: object };
    assert.deepEqual(bin, { smtpcheck: 'dist/src/cli/main.js' });
    assert.ok(fs.readFileSync(program, 'utf8').startsWith('#!/usr/bin/env node\n'));
    const folder = makeFolder({ 'config/plugins': '' });
    fs.symlinkSync(program, folder.file('smtpcheck'));
    const { stdout } = await promisify(execFile)(process.execPath, [folder.file('smtpcheck'), '--version']);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('loads no subcommand that is not asked for', async () => {
    const folder = makeFolder({
      'loaded.js': "process.on('exit', () => process.stderr.write(Object.keys(require.cache).join('\\n')));\n",
    });
    const env = { NODE_OPTIONS: `--require ${folder.file('loaded.js')}` };
    const { stderr } = await smtpcheckProcess(['--help'], { env });
    assert.match(stderr, /cli\/main\.js/);
    assert.doesNotMatch(
      stderr,
      /cli\/(?:lint|explain|diff|replay|test|status|follow|why|limits|init|import|audit)|\/policy\/(?!findings\/characters)|tldts/,
    );
    const lint = await smtpcheckProcess(['lint', '--help'], { env });
    assert.match(lint.stderr, /cli\/lint\/command\.js/);
    assert.doesNotMatch(lint.stderr, /cli\/(?:explain|diff|replay|test|status|follow|why|limits|init|import|audit)/);
  });
});
