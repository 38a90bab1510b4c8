import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { BoundedFileReader, diskReader, type FileReader, slowFsWarning } from '../../../src/lists/files/bounded-reader';
import { PolicyStore } from '../../../src/lists/policy-store';
import { address, now } from '../../../testkit/core';
import { makeFolder } from '../../../testkit/folder';
import { Said } from '../../../testkit/said';
import { Started } from '../../../testkit/started';
import { until } from '../../../testkit/until';

const limit = 100;

/** A file system of which some files do not answer. */
class Disk {
  readonly silent = new Set<string>();
  readonly asked: string[] = [];
  private readonly answers = new Map<string, (() => void)[]>();

  readonly reader: FileReader = {
    statFile: (path) => this.answer(path, diskReader.statFile),
    readFileState: (path) => this.answer(path, diskReader.readFileState),
  };

  recover(path: string): void {
    this.silent.delete(path);
    for (const answer of this.answers.get(path) ?? []) answer();
  }

  asking(path: string): number {
    return this.asked.filter((asked) => asked === path).length;
  }

  private async answer<T>(path: string, ask: (path: string) => Promise<T>): Promise<T> {
    this.asked.push(path);
    if (this.silent.has(path)) {
      await new Promise<void>((resolve) => this.answers.set(path, [...(this.answers.get(path) ?? []), resolve]));
    }
    return ask(path);
  }
}

describe('BoundedFileReader', () => {
  it('says once of a file that it is not answered about, and that it is again', async () => {
    const disk = new Disk();
    const said = new Said();
    const folder = makeFolder({ localip: '192.0.2.7' });
    const reader = new BoundedFileReader(said.log, disk.reader, limit);
    disk.silent.add(folder.file('localip'));
    const fingerprint = reader.stat('localip', folder.file('localip'));
    await sleep(3 * limit);
    const complaint =
      'error localip cannot be looked at: its file system has not answered for 0.1 s; what is in force stays';
    assert.deepEqual(said.lines, [complaint]);
    disk.recover(folder.file('localip'));
    assert.deepEqual(await fingerprint, await diskReader.statFile(folder.file('localip')));
    assert.deepEqual(said.lines, [complaint, 'notice localip can be looked at again']);
  });

  it('says nothing of a file that answers', async () => {
    const said = new Said();
    const reader = new BoundedFileReader(said.log, diskReader, 1000);
    const path = makeFolder({ localip: '192.0.2.7' }).file('localip');
    await reader.read('localip', { path, ...(await reader.stat('localip', path)) });
    await sleep(1100);
    assert.deepEqual(said.lines, []);
  });

  it('does not take the time that a file is waited for as silence', async () => {
    const reader = new BoundedFileReader(new Said().log, diskReader, limit);
    const path = makeFolder({ localip: '192.0.2.7' }).file('localip');
    const source = { path, ...(await reader.stat('localip', path)), unchangedFor: 1200 };
    // Real time would tell nothing on a busy machine: starting a thread can take seconds there.
    const original = globalThis.setTimeout;
    const delays: unknown[] = [];
    globalThis.setTimeout = Object.assign((...args: Parameters<typeof original>) => {
      delays.push(args[1]);
      return original(...args);
    }, original) as typeof original;
    const reading = reader.read('localip', source);
    globalThis.setTimeout = original;
    assert.equal((await reading)?.state, 'read');
    assert.deepEqual(delays, [limit + 1200]);
  });

  it('leaves threads to others however many files do not answer', async () => {
    const disk = new Disk();
    const reader = new BoundedFileReader(new Said().log, disk.reader, limit);
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) disk.silent.add(name);
    const fingerprints = names.map((name) => reader.stat(name, name));
    await sleep(20);
    assert.deepEqual(disk.asked, ['a', 'b', 'c']);
    for (const name of names) {
      disk.recover(name);
      await sleep(5);
    }
    await Promise.all(fingerprints);
    assert.deepEqual(disk.asked, names);
  });
});

describe('a list whose file system does not answer', () => {
  it('keeps no other list and no settings from being followed, and is followed again once it is answered about', async () => {
    const disk = new Disk();
    const said = new Said();
    const folder = makeFolder({ 'smtpcheck.ini': '[main]\npoll=200ms\nsettle=50ms\n', localip: '192.0.2.7' });
    const store = new PolicyStore(folder.path, said.log, undefined, { reader: disk.reader });
    const denies = (client: string) => store.policy.deny.clients.findAddress(address(client), now) !== undefined;
    const trusts = (client: string) =>
      store.policy.relay.clientNetworks.findAddress(address(client), now) !== undefined;
    try {
      disk.silent.add(folder.file('localip'));
      store.follow();
      await until('it is asked about', () => disk.asking(folder.file('localip')) === 1);
      folder.write('localip', '192.0.2.8');
      folder.write('host.deny', '198.51.100.7');
      await until('host.deny is in force', () => denies('198.51.100.7'));
      folder.write('host.deny', '198.51.100.8');
      await until('host.deny is in force again', () => denies('198.51.100.8') && !denies('198.51.100.7'));
      folder.write('smtpcheck.ini', '[main]\npoll=200ms\nsettle=50ms\nmode=observe\n');
      await until('the settings are in force', () => store.policy.mode.relay === 'observe');
      assert.ok(trusts('192.0.2.7'));
      assert.equal(disk.asking(folder.file('localip')), 1);

      disk.recover(folder.file('localip'));
      await until('localip is in force', () => trusts('192.0.2.8') && !trusts('192.0.2.7'));
    } finally {
      store.close();
    }
  });

  it('is said in the log', async () => {
    const disk = new Disk();
    const said = new Said();
    const folder = makeFolder({ 'smtpcheck.ini': '[main]\npoll=200ms\nsettle=50ms\n', localip: '192.0.2.7' });
    const store = new PolicyStore(folder.path, said.log, undefined, { reader: disk.reader, readLimit: 500 });
    said.lines.length = 0;
    try {
      disk.silent.add(folder.file('localip'));
      store.follow();
      await store.check();
      await until('it is said', () => said.lines.length > 0);
      await sleep(500);
      assert.deepEqual(said.lines, [
        'error localip cannot be looked at: its file system has not answered for 0.5 s; what is in force stays',
      ]);
    } finally {
      disk.recover(folder.file('localip'));
      store.close();
    }
  });

  it('is waited for 5 seconds', () => {
    const store = new PolicyStore(makeFolder().path, new Said().log);
    const { reader } = store as unknown as { reader: BoundedFileReader };
    store.close();
    assert.deepEqual([reader.limit, slowFsWarning], [5000, 5000]);
  });

  it('is no reason to wait for a large list either', async () => {
    const said = new Said();
    const folder = makeFolder({ 'smtpcheck.ini': '[main]\npoll=200ms\nsettle=50ms\n', 'host.deny': '198.51.100.7' });
    const store = new PolicyStore(folder.path, said.log);
    const started = new Started();
    const destinations = () => store.policy.relay.destinations.size;
    const denies = (client: string) => store.policy.deny.clients.findAddress(address(client), now) !== undefined;
    try {
      store.follow();
      const count = 200_000;
      folder.write('relay.to', Array.from({ length: count }, (_, n) => `host-${n}.backup.example`).join('\n'));
      await until('it is being parsed', () => started.threads === 1);
      folder.write('host.deny', '198.51.100.8');
      await until('host.deny is in force', () => denies('198.51.100.8'));
      assert.equal(destinations(), 0, 'the large list was in force first');
      await until('the large list is in force', () => destinations() === count);
    } finally {
      started.leave();
      store.close();
    }
  });
});
