import assert from 'node:assert/strict';
import { logReport, logVersion, storeLogOf } from '../../src/lists/store-log';
import { fault } from '../../src/policy/findings/finding';

describe('the log of the policy store', () => {
  const lines: string[] = [];
  const log = (level: string) => (text: unknown) => lines.push(`${level} ${text}`);
  const plugin = {
    ...{ logdebug: log('debug'), loginfo: log('info'), lognotice: log('notice') },
    ...{ logwarn: log('warn'), logerror: log('error') },
  };
  beforeEach(() => void lines.splice(0));

  it('makes a line of its own of each text, in which nothing acts', () => {
    const { loginfo, lognotice, logwarn, logerror } = storeLogOf(plugin);
    loginfo('one');
    lognotice('two', 'three');
    logwarn('ERR \x1b[31m\x07\t\x9b\u2028\u202e');
    logerror('ERR no\r\n[NOTICE] [-] [smtpcheck] loaded file=localip');
    assert.deepEqual(lines, [
      'info one',
      'notice two',
      'notice three',
      String.raw`warn ERR \u001b[31m\u0007\t\u009b\u2028\u202e`,
      String.raw`error ERR no\r\n[NOTICE] [-] [smtpcheck] loaded file=localip`,
    ]);
  });

  it('has a version loaded at notice once for a server: a worker says it at debug', () => {
    const version = { file: 'localip', value: 0, hash: 'a'.repeat(64), fingerprint: '' };
    logVersion(storeLogOf(plugin), version, 3, { entries: 12, change: '+3 -1' });
    logVersion(storeLogOf(plugin, {}, true), version, 3, { entries: 12 });
    logVersion(storeLogOf(plugin), { ...version, hash: 'missing' }, 4, { entries: 0 });
    logVersion(storeLogOf(plugin), { ...version, hash: 'unavailable' }, 5, { entries: 0 });
    const process_ = `process=${process.pid}`;
    assert.deepEqual(lines, [
      `notice loaded file=localip generation=3 sha256=aaaaaaaaaaaa entries=12 (+3 -1) ${process_}`,
      `debug loaded file=localip generation=3 sha256=aaaaaaaaaaaa entries=12 ${process_}`,
      `notice loaded file=localip generation=4 missing entries=0 ${process_}`,
    ]);
  });

  it('gives each finding a line', () => {
    const at = { file: 'lo\ncal\x1bip', line: 3 };
    const findings = [fault('domain-syntax', at, 'a\x07'), fault('domain-syntax', at, 'b')];
    const messages = { kept: '', unknown: '' };
    logReport(storeLogOf(plugin), 'list', { type: 'rejected', findings, omitted: 2 }, messages);
    assert.deepEqual(
      lines.map((line) => line.replace(/ is no domain name.*/, '')),
      [
        'error rejected, the last good version stays in force:',
        String.raw`error   lo\ncal\u001bip:3: domain-syntax: a\u0007`,
        String.raw`error   lo\ncal\u001bip:3: domain-syntax: b`,
        'error   and 2 more',
      ],
    );
  });
});
