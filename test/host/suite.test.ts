import assert from 'node:assert/strict';
import { forksWorkers, suiteFor } from '../../src/host/suite';
import type { Plugin } from '../../src/types/haraka';
import { address } from '../../testkit/core';
import { type Folder, makeFolder } from '../../testkit/folder';
import { until } from '../../testkit/until';

function pluginIn(folder: Folder, name = 'smtpcheck', me: unknown = 'MX.Local.example\n'): Plugin {
  return {
    name,
    config: { root_path: folder.path, get: () => me },
    register_hook() {},
    haraka_require: () => assert.fail('nothing is asked of Haraka'),
    logdebug() {},
    loginfo() {},
    lognotice() {},
    logwarn() {},
    logerror() {},
  };
}

describe('Suite', () => {
  it('is one for all plugins of a folder, until the last has left', () => {
    const folder = makeFolder();
    const suite = suiteFor(pluginIn(folder, 'relay'));
    suite.claim('relay', 'relay');
    assert.equal(suiteFor(pluginIn(folder, 'deny')), suite);
    suite.claim('deny', 'deny');
    suite.release('relay');
    assert.equal(suiteFor(pluginIn(folder)), suite);
    suite.release('deny');
    const next = suiteFor(pluginIn(folder));
    assert.notEqual(next, suite);
    next.release('smtpcheck');
  });

  it('says which two ways a plugin is loaded', () => {
    const suite = suiteFor(pluginIn(makeFolder()));
    suite.claim('relay', 'smtpcheck');
    assert.throws(() => suite.claim('relay', 'smtpcheck/plugins/relay'), {
      message:
        'smtpcheck: the plugin relay is loaded twice, as smtpcheck and as smtpcheck/plugins/relay; keep one of them in config/plugins',
    });
    suite.claim('deny', 'smtpcheck');
    suite.release('smtpcheck');
  });

  it('knows its own name, with and without case and dot, and those of this_host', () => {
    const folder = makeFolder({ 'smtpcheck.ini': '[relay]\nthis_host=Backup.example.org,198.51.100.9\n' });
    const suite = suiteFor(pluginIn(folder));
    for (const name of ['mx.local.example', 'MX.LOCAL.EXAMPLE.', 'backup.example.org'])
      assert.ok(suite.isOurName(name), name);
    for (const name of ['local.example', 'a.mx.local.example', '']) assert.ok(!suite.isOurName(name), name);
    const ours = suite.ourAddresses();
    for (const text of ['198.51.100.9', '127.0.0.1']) {
      const { w0 } = address(text);
      assert.ok(
        ours.some((a) => a.family === 4 && a.w0 === w0),
        text,
      );
    }
    suite.release('smtpcheck');
  });

  it('takes no empty name for its own where Haraka has none', () => {
    const suite = suiteFor(pluginIn(makeFolder(), 'smtpcheck', null));
    assert.ok(!suite.isOurName(''));
    assert.ok(!suite.isOurName('.'));
    suite.release('smtpcheck');
  });

  it('keeps what DNS has told when a reload leaves [dns] as it was, and forgets it when not', async () => {
    const quick = '[main]\npoll=200ms\nsettle=50ms\n';
    const folder = makeFolder({ 'smtpcheck.ini': quick });
    const suite = suiteFor(pluginIn(folder));
    const before = suite.names;
    folder.write('smtpcheck.ini', `${quick}[relay]\nmode=observe\n`);
    await until('the settings are in force', () => suite.policy.mode.relay === 'observe');
    assert.equal(suite.names, before);
    folder.write('smtpcheck.ini', `${quick}[dns]\ntimeout=1s\n`);
    await until('the settings are in force', () => suite.policy.settings.dns.timeout === 1000);
    assert.notEqual(suite.names, before);
    suite.release('smtpcheck');
  });
});

describe('a Haraka forks workers', () => {
  const cases: readonly (readonly [smtpIni: string | undefined, env: NodeJS.ProcessEnv, forks: boolean])[] = [
    [undefined, {}, false],
    ['port=25\n', {}, false],
    [';nodes=2\n', {}, false],
    ['nodes=0\n', {}, false],
    ['[other]\nnodes=2\n', {}, false],
    ['nodes=2\n', {}, true],
    ['[main]\nnodes=cpus\n', {}, true],
    ['nodes=2\ndaemonize=false\n', {}, true],
    ['nodes=2\ndaemonize=true\n', {}, false],
    ['nodes=2\ndaemonize=true\n', { __daemon: '1' }, true],
  ];
  for (const [smtpIni, env, forks] of cases) {
    it(`${forks ? 'with' : 'not with'} ${JSON.stringify(smtpIni)} and ${JSON.stringify(env)}`, () => {
      const folder = makeFolder(smtpIni === undefined ? {} : { 'smtp.ini': smtpIni });
      assert.equal(forksWorkers(folder.path, env), forks);
    });
  }
});
