import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { siteOf } from '../../../src/cli/audit/site';
import { loadFolder } from '../../../src/cli/site';

describe('siteOf', () => {
  let folder: string;
  const haraka = () => loadFolder({ path: folder, config: path.join(folder, 'config') }, {});
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-site-'));
    fs.mkdirSync(path.join(folder, 'config'));
    const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, 'config', name), text);
    write('plugins', 'smtpcheck\n');
    write('host_list', '# ours\nLocal.example.org\nlocal.example.org\n');
    write(
      'relay.to',
      [
        'backup.example.org   # they asked',
        'routed.example.org  [10.0.0.5]:2525',
        '=one.example.org',
        'user@mailbox.example.org',
        '192.0.2.25',
        '198.51.100',
        '!guest.backup.example.org',
      ].join('\r\n'),
    );
    write('localip', '\uFEFF133.9\n192.0.2.7\n2001:db8::/32\n!133.9.66\n');
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('takes what the server is final for and backup MX for from a Haraka folder', async () => {
    const site = siteOf({ local: ['other.example.org'], backup: ['more.example.org'], folder: await haraka() });
    assert.deepEqual(site.localDomains, ['other.example.org', 'local.example.org']);
    assert.deepEqual(
      site.backupRecipients.map(({ address }) => address),
      [
        'postmaster@more.example.org',
        'postmaster@backup.example.org',
        'postmaster@routed.example.org',
        'postmaster@one.example.org',
        'user@mailbox.example.org',
        'postmaster@[192.0.2.25]',
        'postmaster@[198.51.100.0]',
      ],
    );
  });

  it('knows which client addresses are trusted, and by which line', async () => {
    const site = siteOf({ local: [], backup: [], folder: await haraka() });
    assert.equal(site.trusts('133.9.1.1'), 'localip:1');
    assert.equal(site.trusts('::ffff:192.0.2.7'), 'localip:2');
    assert.equal(site.trusts('2001:db8::1'), 'localip:3');
    for (const stranger of ['133.10.0.1', '133.9.66.1', '192.0.2.8', '2001:db9::1', '127.0.0.1']) {
      assert.equal(site.trusts(stranger), undefined, stranger);
    }
  });

  it('asks for no recipient that an exclusion takes out', async () => {
    fs.writeFileSync(
      path.join(folder, 'config', 'relay.to'),
      'backup.example.org\n!=backup.example.org\nuser@a.example\n',
    );
    const { backupRecipients } = siteOf({ local: [], backup: [], folder: await haraka() });
    assert.deepEqual(
      backupRecipients.map(({ address }) => address),
      ['user@a.example'],
    );
  });

  it('cannot run with lists that do not load, and says why', async () => {
    fs.writeFileSync(path.join(folder, 'config', 'localip'), '192.0.2.9/24\n');
    const loaded = await haraka();
    assert.throws(() => siteOf({ local: [], backup: [], folder: loaded }), /localip:1: prefix-host-bits/);
  });
});
