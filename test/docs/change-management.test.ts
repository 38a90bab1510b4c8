/** docs/guides/change-management.md: its hook, its job script and the commands of its examples, on a real git repository. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { checkout } from '../../examples/haraka-directory';
import { type Folder, makeFolder } from '../../testkit/folder';
import { program } from '../cli/command';

const page = fs.readFileSync(path.join(checkout, 'docs/guides/change-management.md'), 'utf8');
const sectionOf = (heading: string) => page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
const blockOf = (heading: string, language: string) =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(sectionOf(heading))?.[1] ?? '';

function yamlOf<T>(heading: string): T {
  const document = parseDocument(blockOf(heading, 'yaml'));
  assert.deepEqual(document.errors, []);
  assert.deepEqual(document.warnings, []);
  const value = document.toJS() as T;
  assert.ok(value, heading);
  return value;
}

const first = {
  plugins: 'smtpcheck\nrcpt_to.in_host_list\nqueue/lmtp\n',
  host_list: 'dept.example\n',
  localip: '133.9.12.0/24\n!133.9.12.64/26\n',
  'relay.to': 'backup.example\n',
  'host.deny': '198.51.100.9\n',
  'smtpcheck.test': '203.0.113.0/24 -> anyone@elsewhere.example refuse\n133.9.12.7 -> anyone@elsewhere.example relay\n',
};

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** A repository with a Haraka folder in it, as a site has it that has installed the package. */
class Site {
  readonly folder: Folder = makeFolder();

  /** `harakaFolder`: in the repository; `.` for its top. */
  constructor(private readonly harakaFolder = 'haraka') {
    this.folder.write(
      'bin/npx',
      `#!/bin/sh\n[ "$1" = --no ] && shift\nshift\nexec "${process.execPath}" "${program}" "$@"\n`,
    );
    fs.chmodSync(this.folder.file('bin/npx'), 0o755);
    fs.mkdirSync(this.folder.file('site/node_modules'), { recursive: true });
    fs.symlinkSync(checkout, this.folder.file('site/node_modules/haraka-plugin-smtpcheck'));
    this.git('init', '--quiet', '--initial-branch=main');
    this.folder.write('site/.gitignore', 'node_modules\n');
    this.folder.write('site/README', 'ours\n');
    for (const [name, text] of Object.entries(first)) this.write(name, text);
  }

  get config(): string {
    return path.join(this.harakaFolder, 'config');
  }

  write(name: string, text: string): void {
    this.folder.write(path.join('site', this.config, name), text);
  }

  sh(script: string, env: Readonly<Record<string, string>> = {}, cwd = 'site'): Ran {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
      cwd: this.folder.file(cwd),
      encoding: 'utf8',
      env: {
        PATH: `${this.folder.file('bin')}:${process.env.PATH}`,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_AUTHOR_NAME: 'test',
        GIT_AUTHOR_EMAIL: 'test@example.org',
        GIT_COMMITTER_NAME: 'test',
        GIT_COMMITTER_EMAIL: 'test@example.org',
        ...env,
      },
    });
    return { code: status, output: `${stdout}${stderr}` };
  }

  git(...args: readonly string[]): string {
    const { code, output } = this.sh(['git', ...args].map((word) => `'${word}'`).join(' '));
    assert.equal(code, 0, output);
    return output.trim();
  }

  /** Commits what is staged, or what `args` say. */
  commit(env: Readonly<Record<string, string>> = {}, args = ''): Ran {
    return this.sh(`git commit --quiet -m change ${args}`, env);
  }

  installHook(): void {
    assert.equal(this.sh(blockOf('A pre-commit hook', 'sh')).code, 0);
    this.git('config', 'smtpcheck.folder', this.harakaFolder);
  }
}

/** With a first commit, and the hook. */
function siteWithHook(harakaFolder?: string): Site {
  const site = new Site(harakaFolder);
  site.git('add', '.');
  assert.equal(site.commit().code, 0);
  site.installHook();
  return site;
}

describe('the pre-commit hook of docs/guides/change-management.md', function () {
  this.timeout(60_000);

  for (const harakaFolder of ['haraka', '.', 'servers/mx 1']) {
    it(`lets a harmless commit pass, with the Haraka folder ${harakaFolder}`, () => {
      const site = siteWithHook(harakaFolder);
      site.write('host.deny', '# nothing but spam\n198.51.100.0/24\n');
      site.git('add', '.');
      const { code, output } = site.commit();
      assert.equal(code, 0, output);
      assert.match(output, /^closes +host\.deny +198\.51\.100\.0\/29 /m);
    });
  }

  it('has nothing to say of a first commit that is sound, and stops one that is not', () => {
    const site = new Site();
    site.installHook();
    site.git('add', '.');
    const sound = site.commit();
    assert.deepEqual([sound.code, sound.output], [0, '']);
    const broken = new Site();
    broken.installHook();
    broken.write('localip', 'not an entry\n');
    broken.git('add', '.');
    assert.equal(broken.commit().code, 1);
  });

  it('stops a commit that opens something, until somebody says that it is meant', () => {
    const site = siteWithHook();
    site.write('localip', '133.9.12.0/24\n');
    site.git('add', '.');
    const stopped = site.commit();
    assert.equal(stopped.code, 1);
    assert.match(stopped.output, /^opens +localip +133\.9\.12\.64\/26 +64 addresses may now relay to anyone/m);
    assert.match(stopped.output, /^smtpcheck: this commit opens .*: SMTPCHECK_OPENS=yes git commit$/m);
    assert.equal(site.git('rev-list', '--count', 'HEAD'), '1');
    const meant = site.commit({ SMTPCHECK_OPENS: 'yes' });
    assert.equal(meant.code, 0, meant.output);
    assert.equal(site.git('rev-list', '--count', 'HEAD'), '2');
  });

  it('stops a commit with a broken list, and names the line as it is in the repository', () => {
    const site = siteWithHook();
    site.write('localip', '133.9.12.5/24\n');
    site.git('add', '.');
    for (const env of [{}, { SMTPCHECK_OPENS: 'yes' }]) {
      const { code, output } = site.commit(env);
      assert.equal(code, 1);
      assert.match(output, /localip:1:.*133\.9\.12\.5\/24 has host bits set/);
      assert.match(output, /the staged lists have the errors above/);
      assert.doesNotMatch(output, /\/tmp/);
    }
  });

  it('stops a commit that breaks an expectation', () => {
    const site = siteWithHook();
    site.write('localip', '192.0.2.1\n');
    site.git('add', '.');
    const { code, output } = site.commit({ SMTPCHECK_OPENS: 'yes' });
    assert.equal(code, 1);
    assert.match(output, /^haraka\/config\/smtpcheck\.test:2:15: 133\.9\.12\.7 .*: expected relay, is refuse/m);
    assert.match(output, /do not do what the staged haraka\/config\/smtpcheck\.test says/);
  });

  it('looks at what is staged, not at the work tree', () => {
    const site = siteWithHook();
    site.write('host.deny', '198.51.100.9\n198.51.100.10\n');
    site.git('add', '.');
    site.write('host.deny', 'not an entry\n');
    const sound = site.commit();
    assert.equal(sound.code, 0, sound.output);
    site.git('add', '.');
    site.write('host.deny', '198.51.100.9\n198.51.100.10\n');
    assert.equal(site.commit().code, 1);
  });

  it('looks at what a partial commit holds', () => {
    const site = siteWithHook();
    site.write('relay.to', 'backup.example\nlab.example\n');
    site.git('add', '.');
    site.write('host.deny', '198.51.100.9\n198.51.100.10\n');
    const part = site.commit({}, '-- haraka/config/host.deny');
    assert.equal(part.code, 0, part.output);
    assert.match(site.commit().output, /anyone may now send to lab\.example and below/);
    site.git('reset', '--quiet');
    assert.equal(site.commit({}, '-- haraka/config/relay.to').code, 1);
  });

  it('has nothing to say of a commit without lists, and leaves nothing behind', () => {
    const site = siteWithHook();
    site.folder.write('site/README', 'theirs\n');
    site.write('localip', 'not an entry\n');
    const temporary = makeFolder();
    const { code, output } = site.commit({ TMPDIR: temporary.path }, '-- README');
    assert.deepEqual([code, output], [0, '']);
    site.write('localip', '133.9.12.0/24\n');
    site.git('add', '.');
    assert.equal(site.commit({ TMPDIR: temporary.path }).code, 1);
    assert.deepEqual(fs.readdirSync(temporary.path), []);
  });

  it('works in a linked work tree', () => {
    const site = siteWithHook();
    site.git('worktree', 'add', '--quiet', '../linked');
    site.folder.write('linked/haraka/config/localip', '133.9.12.0/24\n');
    const { code, output } = site.sh('git commit --quiet -am change', {}, 'linked');
    assert.equal(code, 1);
    assert.match(output, /^opens +localip +133\.9\.12\.64\/26 /m);
  });

  it('lets lists be put right that were committed broken, by the same word', () => {
    const site = siteWithHook();
    site.write('localip', 'not an entry\n');
    site.git('add', '.');
    assert.equal(site.commit({}, '--no-verify').code, 0);
    site.write('localip', first.localip);
    site.git('add', '.');
    const stopped = site.commit();
    assert.equal(stopped.code, 1);
    assert.match(stopped.output, /what this commit opens cannot be told; .* SMTPCHECK_OPENS=yes git commit/);
    assert.equal(site.commit({ SMTPCHECK_OPENS: 'yes' }).code, 0);
  });

  it('says how to name the folder where there is none', () => {
    const site = siteWithHook();
    site.git('config', 'smtpcheck.folder', 'elsewhere');
    site.folder.write('site/README', 'theirs\n');
    const { code, output } = site.commit({}, '-a');
    assert.equal(code, 1);
    assert.match(output, /git config smtpcheck\.folder FOLDER/);
  });
});

describe('the jobs of docs/guides/change-management.md', function () {
  this.timeout(60_000);

  interface GithubWorkflow {
    readonly jobs: {
      readonly policy: { readonly steps: readonly { run?: string; env?: Readonly<Record<string, string>> }[] };
    };
  }
  interface GitlabPipeline {
    readonly policy: {
      readonly variables: Readonly<Record<string, string | number>>;
      readonly script: readonly string[];
    };
  }

  const github = yamlOf<GithubWorkflow>('GitHub').jobs.policy.steps.find(({ env }) => env);
  const gitlab = yamlOf<GitlabPipeline>('GitLab').policy;

  function siteWith(files: Readonly<Record<string, string>>): Site {
    const site = new Site();
    site.git('add', '.');
    site.commit();
    for (const [name, text] of Object.entries(files)) site.write(name, text);
    site.git('add', '.');
    site.commit();
    return site;
  }

  /** As GitHub does it, with a base and perhaps the label. */
  function runGithub(site: Site, labelled = false): Ran {
    const values: Readonly<Record<string, string>> = {
      '${{ github.event.pull_request.base.sha }}': site.git('rev-parse', 'HEAD~1'),
      "${{ contains(github.event.pull_request.labels.*.name, 'opens-relay') && 'yes' || '' }}": labelled ? 'yes' : '',
    };
    const env = Object.fromEntries(
      Object.entries(github?.env ?? {}).map(([key, value]) => [key, values[value] ?? value]),
    );
    assert.ok(!Object.values(env).some((value) => value.includes('$')), JSON.stringify(env));
    return site.sh(github?.run ?? '', env);
  }

  function runGitlab(site: Site): Ran {
    const env = Object.fromEntries(Object.entries(gitlab.variables).map(([key, value]) => [key, String(value)]));
    const lines = gitlab.script.filter((line) => !line.startsWith('npm install'));
    return site.sh(lines.join('\n'), { ...env, CI_MERGE_REQUEST_DIFF_BASE_SHA: site.git('rev-parse', 'HEAD~1') });
  }

  it('pass a harmless change', () => {
    const site = siteWith({ 'host.deny': '198.51.100.9\n198.51.100.10\n' });
    const onGithub = runGithub(site);
    assert.equal(onGithub.code, 0, onGithub.output);
    assert.match(
      onGithub.output,
      /^::notice file=haraka\/config\/host\.deny,line=2,title=closes host\.deny::198\.51\.100\.10: /m,
    );
    const onGitlab = runGitlab(site);
    assert.equal(onGitlab.code, 0, onGitlab.output);
    assert.match(fs.readFileSync(site.folder.file('site/smtpcheck-report.xml'), 'utf8'), /<testsuites? /);
  });

  it('fail where a change opens something, and annotate the line, until it has the label', () => {
    const site = siteWith({ 'relay.to': 'backup.example\nlab.example\n' });
    const { code, output } = runGithub(site);
    assert.equal(code, 1);
    assert.match(
      output,
      /^::warning file=haraka\/config\/relay\.to,line=2,title=opens relay\.to::\*\.lab\.example: anyone may now send/m,
    );
    assert.equal(runGithub(site, true).code, 0);
    assert.equal(runGitlab(site).code, 1);
  });

  it('fail where an expectation does not hold, with all other findings', () => {
    const { code, output } = runGithub(siteWith({ localip: '192.0.2.1\n' }));
    assert.equal(code, 1);
    assert.match(output, /^::error file=haraka\/config\/smtpcheck\.test,line=2,col=15,title=smtpcheck test::/m);
    assert.match(output, /^::warning file=haraka\/config\/localip,line=1,title=opens localip::192\.0\.2\.1: /m);
  });

  it('exit 2 where a list cannot be read, with its line, or where there is no such base', () => {
    const { code, output } = runGithub(siteWith({ localip: '192.0.2.9/24\n' }));
    assert.equal(code, 2);
    assert.match(output, /^::error file=haraka\/config\/localip,line=1,/m);
    const site = siteWith({ 'host.deny': '' });
    const script = 'node_modules/haraka-plugin-smtpcheck/examples/change-management/check-change';
    assert.equal(site.sh(`${script} nowhere`, { SMTPCHECK_FOLDER: 'haraka' }).code, 2);
    assert.equal(site.sh(script).code, 2);
  });
});

describe('the deployments of docs/guides/change-management.md', function () {
  this.timeout(60_000);
  const site = new Site();
  const shellOf = (task: Readonly<Record<string, string>>) =>
    task['ansible.builtin.shell'] ?? task['ansible.builtin.command'];
  const tasks = yamlOf<readonly Readonly<Record<string, string>>[]>('Ansible');

  before(() => {
    site.sh('mkdir -p next && cp -r haraka/config next/ && cp -r haraka/config .');
  });

  it('check the new folder, and compare it with a server, which there must be', () => {
    const [check = '', compare = '', wait = ''] = tasks.map(shellOf).filter((line) => line !== undefined);
    assert.equal(site.sh(check).code, 0);
    for (const line of [compare, wait]) {
      const { code, output } = site.sh(line);
      assert.equal(code, 2);
      assert.match(output, /no server answers at /);
    }
    site.folder.write('site/next/config/localip', '192.0.2.1\n');
    assert.equal(site.sh(check).code, 1);
  });

  it('keep a pod with a faulty policy from starting', () => {
    const { initContainers } = yamlOf<{ initContainers: readonly { command: readonly string[] }[] }>(
      'A Kubernetes init container',
    );
    const [, , script = ''] = initContainers[0]?.command ?? [];
    assert.equal(site.sh(script).code, 0);
    site.folder.write('site/config/localip', '192.0.2.1/8\n');
    assert.notEqual(site.sh(script).code, 0);
  });
});
