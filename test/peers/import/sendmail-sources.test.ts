/**
 * What Debian's sendmail packages hold themselves: the names that its cf/README describes, held against the stored list, and every
 * sendmail.mc that it ships.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { defines, features } from '../../../src/cli/import/sources/sendmail/sendmail-names';
import { installSendmailDocumentation } from '../servers/install';
import { onPeers } from '../servers/on-package';
import { sendmailNames } from './sendmail-names';
import { finishedConfiguration } from './sendmail-site';
import { importSite } from './site';

onPeers("what Debian's sendmail describes and ships", ['sendmail'], ({ sendmail }) => {
  const root = path.join(sendmail, 'usr/share/sendmail/cf');

  it('is in the stored list of names, each of which has an outcome', () => {
    const documentation = installSendmailDocumentation();
    if ('missing' in documentation) throw new Error(documentation.missing);
    const readme = path.join(documentation.root, 'usr/share/doc/sendmail-doc/cf.README.gz');
    const names = sendmailNames({
      readme: zlib.gunzipSync(fs.readFileSync(readme)).toString('latin1'),
      head: fs.readFileSync(path.join(root, 'm4/cfhead.m4'), 'latin1'),
      featureFiles: fs.readdirSync(path.join(root, 'feature')),
    });
    const stored = fs.readFileSync('test/fixtures/sendmail/names-8.17.1.9.txt', 'utf8').split('\n');
    assert.deepEqual(
      names,
      stored.filter((line) => line !== '' && !line.startsWith('#')),
    );
  });

  for (const folder of ['cf', 'debian']) {
    it(`imports every sendmail.mc of ${folder}, and none without a word`, async () => {
      const names = fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.mc'));
      assert.ok(names.length > 0);
      for (const name of names) {
        const mc = fs.readFileSync(path.join(root, folder, name), 'latin1');
        const { remarks } = await importSite({ 'sendmail.mc': mc }, ['sendmail.mc', '--skip-missing']);
        assert.match(remarks, /^sendmail\.mc:\d+: (?:left out|changed|note): /m, name);
        // What sendmail ships is known, whether it is carried over or not.
        assert.doesNotMatch(remarks, /\[(?:feature-unknown|mc-setting-unknown)\]/, name);
      }
    });
  }
});

/** What a FEATURE needs besides its name to leave a trace. */
const featureCalls: Readonly<Record<string, string>> = {
  domainmap: "FEATURE(`domainmap', `foo.example', `dbm -o /etc/mail/foo')",
  prefixmod: "FEATURE(`prefixmod', `X', `e')",
  virtuser_entire_domain: "FEATURE(`virtusertable')\nVIRTUSER_DOMAIN(`a.example')\nFEATURE(`virtuser_entire_domain')",
};

onPeers('a finished sendmail.cf', ['sendmail'], ({ sendmail: root }) => {
  async function codesFor(lines: string): Promise<readonly string[]> {
    const mc = `OSTYPE(\`linux')dnl\nFEATURE(\`access_db')dnl\n${lines}\nMAILER(\`local')dnl\nMAILER(\`smtp')dnl\n`;
    const cf = await finishedConfiguration(root, { 'sendmail.mc': mc, access: '' });
    const { remarks } = await importSite({ 'sendmail.cf': cf, access: '' }, ['sendmail.cf', '--skip-missing']);
    return [...remarks.matchAll(/\[([a-z-]+)\]$/gm)].map((match) => match[1] ?? '');
  }

  it('has no remark but on the checks of senders where nothing else is asked for', async () => {
    assert.deepEqual(await codesFor(''), ['sender-checks']);
  });

  it('has the remark of every FEATURE that has one', async () => {
    const silent: string[] = [];
    for (const [name, outcome] of features) {
      if (typeof outcome !== 'object') continue;
      const codes = await codesFor(featureCalls[name] ?? `FEATURE(\`${name}')`);
      if (!codes.includes(outcome.remark)) silent.push(name);
    }
    assert.deepEqual(silent, []);
  });

  it('has the remark of every variable that has one, except for the texts of replies', async () => {
    const silent: string[] = [];
    for (const [name, outcome] of defines) {
      if (typeof outcome !== 'object' || outcome.remark === 'reply-text') continue;
      const value = /_ARGS$/.test(name) ? 'TCP $h 587' : '7';
      const codes = await codesFor(`define(\`${name}', \`${value}')`);
      if (!codes.includes(outcome.remark)) silent.push(name);
    }
    assert.deepEqual(silent, []);
  });
});
