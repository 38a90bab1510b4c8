import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FileFollower } from '../../src/lists/files/file-follower';
import { PolicyStore } from '../../src/lists/policy-store';
import { address, now } from '../../testkit/core';
import { type Folder, makeFolder } from '../../testkit/folder';
import { until } from '../../testkit/until';

const quick = '[main]\npoll=200ms\nsettle=50ms\n';
/** Some polls longer than any change needs: time in which nothing must happen. */
const aWhile = 450;

class Followed {
  readonly said: string[] = [];
  readonly store: PolicyStore;

  constructor(
    readonly folder: Folder,
    follow = true,
  ) {
    const say =
      (level: string) =>
      (...lines: readonly string[]) =>
        this.said.push(`${level} ${lines.join('\n')}`);
    this.store = new PolicyStore(folder.path, {
      loginfo: say('info'),
      lognotice: say('notice'),
      logwarn: say('warn'),
      logerror: say('error'),
    });
    this.said.length = 0;
    if (follow) this.store.follow();
    followed.push(this);
  }

  get generation(): number {
    return this.store.policy.generation;
  }

  trusts(client: string): boolean {
    const entry = this.store.policy.relay.clientNetworks.findAddress(address(client), now);
    return entry !== undefined && !entry.excluded;
  }

  denies(client: string): boolean {
    return this.store.policy.deny.clients.findAddress(address(client), now) !== undefined;
  }

  /** Whether the server delivers the mail for a domain itself. */
  delivers(domain: string): boolean {
    return this.store.policy.relay.localDomains.has(domain);
  }

  saying(text: string | RegExp): number {
    return this.said.filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))).length;
  }

  async trusting(client: string, trusted = true): Promise<void> {
    await until(
      `${client} is ${trusted ? '' : 'not '}trusted; said: ${this.said.join('\n')}`,
      () => this.trusts(client) === trusted,
    );
  }
}

const followed: Followed[] = [];

function watchersOf(site: Followed): number {
  const { follower } = site.store as unknown as { follower: { watcher: { watchers: Map<string, unknown> } } };
  return follower.watcher.watchers.size;
}

function start(files: Readonly<Record<string, string>>, ini = quick): Followed {
  return new Followed(makeFolder({ 'smtpcheck.ini': ini, ...files }));
}

afterEach(() => {
  for (const { store } of followed.splice(0)) store.close();
});

describe('a list that changes while the server runs', () => {
  interface ChangeCase {
    readonly name: string;
    readonly make?: (folder: Folder) => void;
    change(folder: Folder): void;
  }
  const changes: readonly ChangeCase[] = [
    {
      name: 'is taken when it is rewritten in place',
      change: ({ file }) => fs.writeFileSync(file('localip'), '192.0.2.8\n'),
    },
    {
      name: 'is taken when another file is renamed over it, as editors do',
      change: ({ file, write }) => {
        write('.localip.swp', '192.0.2.8\n');
        fs.renameSync(file('.localip.swp'), file('localip'));
      },
    },
    {
      name: 'is taken when it is moved away and written anew',
      change: ({ file, write }) => {
        fs.renameSync(file('localip'), file('localip~'));
        write('localip', '192.0.2.8\n');
      },
    },
    {
      name: 'is taken when ..data is swapped, as for a ConfigMap',
      make: ({ file, write, remove }) => {
        remove('localip');
        write('..v1/localip', '192.0.2.7\n');
        fs.symlinkSync('..v1', file('..data'));
        fs.symlinkSync('..data/localip', file('localip'));
      },
      change: ({ file, write, remove }) => {
        write('..v2/localip', '192.0.2.8\n');
        fs.symlinkSync('..v2', file('..data_tmp'));
        fs.renameSync(file('..data_tmp'), file('..data'));
        remove('..v1');
      },
    },
    {
      name: 'is taken when it is a link and the file changes in a folder that sends no event',
      make: ({ file, write, remove }) => {
        remove('localip');
        write('elsewhere/localip', '192.0.2.7\n');
        fs.symlinkSync('elsewhere/localip', file('localip'));
      },
      change: ({ write }) => write('elsewhere/localip', '192.0.2.8\n'),
    },
    {
      name: 'is taken when only its content differs, not its size or its time',
      change: ({ file }) => {
        const { atime, mtime } = fs.statSync(file('localip'));
        fs.writeFileSync(file('localip'), '192.0.2.8\n');
        fs.utimesSync(file('localip'), atime, mtime);
      },
    },
  ];
  for (const { name, make, change } of changes) {
    it(name, async () => {
      const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7\n' });
      make?.(folder);
      const site = new Followed(folder);
      assert.ok(site.trusts('192.0.2.7'));
      change(folder);
      await site.trusting('192.0.2.8');
      assert.ok(!site.trusts('192.0.2.7'));
      assert.equal(site.generation, 2);
      assert.equal(
        site.saying(/^notice loaded file=localip generation=2 sha256=[0-9a-f]{12} entries=\d+ \(\+\d+ -\d+\) /),
        1,
      );
    });
  }

  it('is found without any event', async () => {
    const site = new Followed(makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' }), false);
    site.folder.write('localip', '192.0.2.8');
    await until('looking finds it', async () => {
      await site.store.check();
      await sleep(20);
      return site.trusts('192.0.2.8');
    });
  });

  it('is empty once it is deleted, and back once it is there again', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.remove('localip');
    await site.trusting('192.0.2.7', false);
    assert.equal(site.saying('localip is missing'), 1);
    site.folder.write('localip', '192.0.2.7');
    await site.trusting('192.0.2.7');
    site.folder.remove('localip');
    await site.trusting('192.0.2.7', false);
    assert.equal(site.generation, 4);
  });

  it('is empty once it is deleted, although the settings name it', async () => {
    const site = start({ ours: '192.0.2.7' }, `${quick}[relay]\nlocal_ip=ours\n`);
    site.folder.remove('ours');
    await site.trusting('192.0.2.7', false);
  });

  it('is empty once it is deleted, be it of names, destinations or the map', async () => {
    const site = start({
      localdomain: 'campus.example',
      'relay.to': 'backup.example',
      'relay.map': 'To:a.example RELAY',
    });
    for (const name of ['localdomain', 'relay.to', 'relay.map']) site.folder.remove(name);
    await until('all are empty', () => {
      const { clientDomains, destinations, map } = site.store.policy.relay;
      return clientDomains.size + destinations.size + map.size === 0;
    });
  });

  it('appears where there was none at start', async () => {
    const site = start({});
    site.folder.write('localip', '192.0.2.7');
    await site.trusting('192.0.2.7');
  });

  it('is left alone when it was only touched', async () => {
    const site = start({ localip: '192.0.2.7' });
    fs.utimesSync(site.folder.file('localip'), new Date(), new Date());
    site.folder.write('localip', '192.0.2.7');
    await sleep(aWhile);
    assert.deepEqual([site.generation, site.said], [1, []]);
  });

  it('is not taken half-written, however often the folder is looked at', async () => {
    const site = start({ localip: '192.0.2.7\n' }, '[main]\npoll=200ms\nsettle=800ms\n');
    const generations = new Set([site.generation]);
    const file = fs.openSync(site.folder.file('localip'), 'w');
    for (let i = 0; i < 10; i++) {
      fs.writeSync(file, `198.51.100.${i}\n`);
      for (let events = 0; events < 5; events++) {
        site.folder.write('noise', `${i} ${events}`);
        await sleep(25);
      }
      generations.add(site.generation);
      assert.ok(site.trusts('192.0.2.7') && !site.trusts('198.51.100.0'), 'the last whole list is in force');
    }
    fs.closeSync(file);
    await site.trusting('198.51.100.9');
    assert.deepEqual([...generations, site.generation], [1, 2]);
  });

  it('is looked for at the earliest time that anything asks for', async () => {
    const site = new Followed(makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' }), false);
    const { follower } = site.store as unknown as { follower: FileFollower };
    site.folder.write('localip', '192.0.2.8');
    follower.schedule(30);
    follower.schedule(60_000);
    await site.trusting('192.0.2.8');
  });

  it('is taken in the midst of a storm of events about other files', async () => {
    const site = start({ localip: '192.0.2.7' });
    let n = 0;
    const storm = setInterval(() => site.folder.write('noise', String(n++)), 3);
    try {
      site.folder.write('localip', '192.0.2.8');
      await site.trusting('192.0.2.8');
      assert.ok(n > 5, `${n} events`);
    } finally {
      clearInterval(storm);
    }
  });

  it('may be the list of two settings', async () => {
    const site = start({ domains: 'a.example' }, `${quick}[relay]\nlocal_domain=domains\nrelay_to=domains\n`);
    site.folder.write('domains', 'b.example');
    await until('both have it', () => {
      const { clientDomains, destinations } = site.store.policy.relay;
      return [clientDomains, destinations].every(
        (list) => list.findDomain('b.example', now) && !list.findDomain('a.example', now),
      );
    });
  });

  it('is parsed apart when it is large, and no less checked', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.7`);
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('localip', rows.join('\n'));
    await site.trusting('10.78.31.7');
    assert.equal(site.store.policy.relay.clientNetworks.size, rows.length);
    site.folder.write('localip', [...rows, '192.0.2.9/24'].join('\n'));
    await until('the fault is reported', () => site.saying('localip:20001: prefix-host-bits') === 1);
    assert.ok(site.trusts('10.78.31.7'));
  });

  it('is large at the start too', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.7`);
    assert.ok(start({ localip: rows.join('\n') }).trusts('10.78.31.7'));
  });
});

describe('a list that cannot be taken', () => {
  it('leaves the old one in force and is told of once at each attempt', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('localip', '192.0.2.8\n192.0.2.9/24\n0.0.0.0/0');
    await until('it is told of', () => site.saying('rejected') === 1);
    await sleep(aWhile);
    assert.equal(site.saying('rejected'), 1);
    assert.equal(site.saying(/localip:2: prefix-host-bits.*\n.*localip:3: prefix-everything/), 1);
    assert.ok(site.trusts('192.0.2.7') && !site.trusts('192.0.2.8'));
    assert.equal(site.generation, 1);

    site.folder.write('localip', '192.0.2.8\njp\n');
    await until('the next attempt is told of', () => site.saying('rejected') === 2);
    site.folder.write('localip', '192.0.2.8\n');
    await site.trusting('192.0.2.8');
    assert.deepEqual([site.generation, site.saying('rejected')], [2, 2]);
  });

  it('can be put back as it was, and be wrong once more', async () => {
    const site = start({ localip: '192.0.2.7' });
    for (const attempt of [1, 2]) {
      site.folder.write('localip', 'x y z');
      await until('it is told of', () => site.saying('rejected') === attempt);
      site.folder.write('localip', '192.0.2.7');
      await sleep(aWhile);
    }
    assert.equal(site.generation, 1);
    assert.ok(site.trusts('192.0.2.7'));
  });

  it('does not keep another list from being taken', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('localip', '192.0.2.9/24');
    site.folder.write('host.deny', '198.51.100.7');
    await until('host.deny is in force', () => site.denies('198.51.100.7'));
    await until('localip is told of', () => site.saying('localip:1: prefix-host-bits') === 1);
  });

  const unreadable: readonly { readonly name: string; make(path: string): void }[] = [
    { name: 'a directory', make: (file) => fs.mkdirSync(file) },
    { name: 'a FIFO', make: (file) => execFileSync('mkfifo', [file]) },
    { name: 'a link in a circle', make: (file) => fs.symlinkSync(path.basename(file), file) },
    { name: 'a file that fails to be read', make: (file) => fs.symlinkSync('/proc/self/mem', file) },
  ];
  for (const { name, make } of unreadable) {
    it(`because it is ${name} leaves the old one in force and says so`, async () => {
      const site = start({ localip: '192.0.2.7' });
      const next = site.folder.file('next');
      fs.mkdirSync(next);
      make(path.join(next, 'localip'));
      fs.rmSync(site.folder.file('localip'));
      fs.renameSync(path.join(next, 'localip'), site.folder.file('localip'));
      await until('it is told of', () => site.saying('file-unreadable') === 1);
      assert.ok(site.trusts('192.0.2.7'));
      site.folder.remove('localip');
      site.folder.write('localip', '192.0.2.8');
      await site.trusting('192.0.2.8');
    });
  }
});

describe('host.deny', () => {
  it('stays in force when it is deleted, and says so each time', async () => {
    const site = start({ 'host.deny': '198.51.100.7' });
    site.folder.remove('host.deny');
    await until('it is told of', () => site.saying('host.deny was deleted') === 1);
    await sleep(aWhile);
    assert.ok(site.denies('198.51.100.7'));
    assert.deepEqual([site.generation, site.saying('host.deny was deleted')], [1, 1]);

    site.folder.write('host.deny', '198.51.100.8');
    await until('the new one is in force', () => site.denies('198.51.100.8'));
    assert.ok(!site.denies('198.51.100.7'));
    site.folder.remove('host.deny');
    await until('it is told of again', () => site.saying('host.deny was deleted') === 2);
    assert.ok(site.denies('198.51.100.8'));
  });

  it('refuses nobody once it is an empty file', async () => {
    const site = start({ 'host.deny': '198.51.100.7' });
    site.folder.write('host.deny', '');
    await until('it is empty', () => !site.denies('198.51.100.7'));
  });

  it('stays in force when its name changes to that of a missing file', async () => {
    const site = start({ 'host.deny': '198.51.100.7' });
    site.folder.write('smtpcheck.ini', `${quick}[deny]\nhosts=denied\n`);
    await until('it is told of', () => site.saying('denied:1: file-missing') === 1);
    assert.ok(site.denies('198.51.100.7'));
  });
});

describe('host_list', () => {
  it('is followed, and host_list_regex with it', async () => {
    const site = start({ host_list: 'one.example', host_list_regex: 'web[0-9]\\.example' });
    assert.ok(site.delivers('one.example') && site.delivers('web1.example'));
    site.folder.write('host_list', 'two.example');
    await until('the new names are in force', () => site.delivers('two.example'));
    assert.ok(!site.delivers('one.example') && site.delivers('web1.example'));
    site.folder.write('host_list_regex', 'ftp[0-9]\\.example');
    await until('the new expressions are in force', () => site.delivers('ftp1.example'));
    assert.ok(site.delivers('two.example') && !site.delivers('web1.example'));
    assert.equal(site.saying(/^notice loaded file=host_list generation=2 sha256=[0-9a-f]{12} entries=\d+ /), 1);
    assert.equal(site.saying(/^notice loaded file=host_list_regex generation=3 /), 1);
  });

  it('appears where there was none at start', async () => {
    const site = start({});
    site.folder.write('host_list', 'one.example');
    await until('it is in force', () => site.delivers('one.example'));
  });

  for (const [file, text] of [
    ['host_list', 'one.example'],
    ['host_list_regex', 'one\\.example'],
  ] as const) {
    it(`stays in force when it is deleted, and says so: ${file}`, async () => {
      const site = start({ [file]: text });
      site.folder.remove(file);
      await until('it is told of', () => site.saying(`${file} was deleted`) === 1);
      await sleep(aWhile);
      const said = `error ${file} was deleted: its last content stays in force, so that mail for our own domains is not sent out; for no domain of our own, make it an empty file`;
      assert.deepEqual([site.said, site.generation], [[said], 1]);
      assert.ok(site.delivers('one.example'));
      site.folder.write(file, '');
      await until('it is empty', () => !site.delivers('one.example'));
    });
  }

  it('leaves the old expressions in force when one is wrong', async () => {
    const site = start({ host_list_regex: 'one\\.example' });
    site.folder.write('host_list_regex', 'two\\.example\n*.three.example\n');
    await until('it is told of', () => site.saying('host_list_regex:2: pattern-syntax: *.three.example') === 1);
    await sleep(aWhile);
    assert.ok(site.delivers('one.example') && !site.delivers('two.example'));
    assert.deepEqual([site.generation, site.saying('rejected')], [1, 1]);
    site.folder.write('host_list_regex', 'two\\.example\n');
    await until('the next attempt is in force', () => site.delivers('two.example'));
  });
});

describe('smtpcheck.ini', () => {
  it('is taken when it changes', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nmode=observe\nrestriction=false\n`);
    await until('it is in force', () => site.store.policy.mode.relay === 'observe');
    assert.equal(site.store.policy.relay.restriction, false);
    assert.equal(site.store.policy.mode.deny, 'enforce');
    assert.ok(site.trusts('192.0.2.7'));
    assert.equal(site.saying('loaded file=smtpcheck.ini generation=2'), 1);
  });

  it('leaves the old settings in force when it is wrong', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nrestricton=false\n`);
    await until('it is told of', () => site.saying('smtpcheck.ini:5: ini-key-unknown') === 1);
    assert.equal(site.store.policy.relay.restriction, true);
    assert.equal(site.generation, 1);
  });

  it('leaves the old settings in force when it is deleted', async () => {
    const site = start({}, `${quick}[relay]\nmode=observe\n`);
    site.folder.remove('smtpcheck.ini');
    await until('it is told of', () => site.saying('smtpcheck.ini was deleted') === 1);
    assert.equal(site.store.policy.mode.relay, 'observe');
  });

  it('appears where there was none at start', async () => {
    const site = new Followed(makeFolder({ localip: '192.0.2.7' }));
    site.folder.write('smtpcheck.ini', '[main]\nmode=observe\n');
    await until('it is in force', () => site.store.policy.mode.deny === 'observe');
  });

  it('may name another list', async () => {
    const site = start({ localip: '192.0.2.7', ours: '192.0.2.8' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nlocal_ip=ours\n`);
    await site.trusting('192.0.2.8');
    assert.ok(!site.trusts('192.0.2.7'));
    site.folder.write('ours', '192.0.2.9');
    await site.trusting('192.0.2.9');
    site.folder.write('smtpcheck.ini', quick);
    await site.trusting('192.0.2.7');
  });

  it('may name a list in another folder', async () => {
    const elsewhere = makeFolder({ clients: '192.0.2.8' });
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nlocal_ip=${elsewhere.file('clients')}\n`);
    await site.trusting('192.0.2.8');
    elsewhere.write('clients', '192.0.2.9');
    await site.trusting('192.0.2.9');
  });

  it('may name no list at all', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nlocal_ip=\n`);
    await site.trusting('192.0.2.7', false);
    site.folder.write('smtpcheck.ini', quick);
    await site.trusting('192.0.2.7');
  });

  it('leaves the old list in force while it names a missing or a faulty one', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('smtpcheck.ini', `${quick}[relay]\nlocal_ip=ours\n`);
    await until('it is told of', () => site.saying('ours:1: file-missing') === 1);
    assert.ok(site.trusts('192.0.2.7'));
    site.folder.write('ours', '192.0.2.9/24');
    await until('the fault is told of', () => site.saying('ours:1: prefix-host-bits') === 1);
    assert.ok(site.trusts('192.0.2.7'));
    site.folder.write('ours', '192.0.2.8');
    await site.trusting('192.0.2.8');
  });
});

describe('a store that is closed', () => {
  it('looks at nothing any more', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.store.close();
    site.folder.write('localip', '192.0.2.8');
    await sleep(aWhile);
    assert.deepEqual([site.trusts('192.0.2.7'), site.said], [true, []]);
    assert.equal(watchersOf(site), 0);
  });

  it('stays closed when that happens in the midst of a look', async () => {
    const site = start({ localip: '192.0.2.7' });
    site.folder.write('localip', '192.0.2.8');
    const look = site.store.check();
    site.store.close();
    await look;
    await sleep(aWhile);
    assert.equal(site.generation, 1);
    assert.equal(watchersOf(site), 0);
  });

  it('keeps no process alive, nor does one that is open', async () => {
    const module = path.resolve(__dirname, '..', '..', 'src', 'lists', 'policy-store.js');
    const { path: config } = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' });
    const script = `
      const { PolicyStore } = require(${JSON.stringify(module)});
      const say = () => {};
      new PolicyStore(${JSON.stringify(config)}, { loginfo: say, lognotice: say, logwarn: say, logerror: say }).follow();`;
    await promisify(execFile)(process.execPath, ['-e', script], { timeout: 15_000 });
  });
});

describe('the status of the lists', () => {
  const of = (it: Followed, name: string) => {
    const status = it.store.status().find((one) => one.name === name);
    assert.ok(status, name);
    return status;
  };

  it('names each list and the settings, with source, entries, generation and state', () => {
    const it = new Followed(makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.1\n192.0.2.2\n' }), false);
    const rows = it.store.status().map(({ name, source, entries, state }) => `${name} ${source} ${entries} ${state}`);
    assert.deepEqual(rows, [
      'local_ip localip 2 loaded',
      'local_domain localdomain 0 empty',
      'relay_to relay.to 0 empty',
      'relay_map relay.map 0 empty',
      'hosts host.deny 0 empty',
      'host_list host_list 0 empty',
      'host_list_regex host_list_regex 0 empty',
      'settings smtpcheck.ini 2 loaded',
    ]);
    assert.ok(Math.abs(Date.now() - of(it, 'hosts').loadedAt) < 60_000);
  });

  it('shows what is rejected with its findings, until the source is repaired or restored', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.1\n' });
    const it = new Followed(folder);
    const before = of(it, 'local_ip');
    folder.write('localip', '192.0.2.1/99\n');
    await until('it is rejected', () => of(it, 'local_ip').rejected !== undefined);
    const { rejected, state, hash, generation } = of(it, 'local_ip');
    assert.deepEqual(
      [rejected?.findings.map(({ code }) => code), state, hash, generation],
      [['prefix-length'], 'kept', before.hash, before.generation],
    );
    folder.write('localip', '192.0.2.1\n');
    await until('it is restored', () => of(it, 'local_ip').rejected === undefined);
    assert.equal(of(it, 'local_ip').state, 'loaded');
    assert.equal(it.saying('localip holds the version in force again'), 1);
    folder.write('localip', '192.0.2.1\n192.0.2.3\n');
    await until('it is applied', () => of(it, 'local_ip').entries === 2);
    assert.equal(of(it, 'local_ip').generation, it.generation);
    assert.ok(of(it, 'local_ip').readTime > 0);
  });

  it('shows that a deny list that was deleted is kept, and why', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, 'host.deny': '192.0.2.1\n' });
    const it = new Followed(folder);
    fs.rmSync(folder.file('host.deny'));
    await until('it is kept', () => of(it, 'hosts').state === 'kept');
    assert.match(of(it, 'hosts').rejected?.message ?? '', /^host\.deny was deleted: its last content stays/);
  });
});
