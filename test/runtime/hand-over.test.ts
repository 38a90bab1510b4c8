import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { HandOver, Inheritance } from '../../runtime/hand-over';
import { readPacked, writePacked } from '../../runtime/packed-file';
import { CannotStart, PolicyStore } from '../../runtime/policy-store';
import { address } from '../helpers/core';
import { type Folder, makeFolder } from '../helpers/folder';
import { Said } from '../helpers/said';
import { until } from '../helpers/until';

const variable = 'SMTPCHECK_IN_FORCE';
const quick = '[main]\npoll=200ms\nsettle=50ms\n';

const handOvers: HandOver[] = [];

/** As in a master that has workers. */
function handOver(said = new Said(), hasWorkers = true): HandOver {
  const made = new HandOver(said.log, () => hasWorkers);
  handOvers.push(made);
  return made;
}

/** As in a worker that is forked now. */
function inheritance(): Inheritance {
  return Inheritance.ofThisProcess(true);
}

function folderLeft(): string {
  return (JSON.parse(process.env[variable] ?? '{}') as { folder: string }).folder;
}

afterEach(() => {
  for (const made of handOvers.splice(0)) made.close();
});

describe('HandOver', () => {
  const kept = { hash: 'abc', stamp: '1:2', words: Uint32Array.of(7, 8) };
  const nothing = { state: 'nothing' };

  it('leaves what is in force to a worker that looks for it in the same place', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), { state: 'kept', kept });
    assert.deepEqual(inheritance().find('hosts', '/config/denied'), nothing);
    assert.deepEqual(inheritance().find('local_ip', '/config/host.deny'), nothing);
  });

  it('leaves it to workers alone', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    assert.deepEqual(Inheritance.ofThisProcess(false).find('hosts', '/config/host.deny'), nothing);
    const { mode } = fs.statSync(folderLeft());
    assert.equal(mode & 0o777, 0o700);
  });

  it('leaves nothing where there are no workers', async () => {
    const single = handOver(new Said(), false);
    single.need('hosts', true);
    single.leave('hosts', '/config/host.deny', kept);
    await single.done();
    assert.equal(process.env[variable], undefined);
  });

  it('leaves the last of several versions, and none once it is withdrawn', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    const newer = { ...kept, hash: 'def' };
    master.leave('hosts', '/config/host.deny', newer);
    await master.done();
    assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), { state: 'kept', kept: newer });
    master.withdraw('hosts');
    await master.done();
    assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), nothing);
    assert.deepEqual(fs.readdirSync(folderLeft()), []);
  });

  it('keeps a worker from starting without what is needed and not yet left', async () => {
    const master = handOver();
    master.need('hosts', true);
    assert.equal(inheritance().find('hosts', '/config/host.deny').state, 'unusable');
    assert.deepEqual(inheritance().find('local_ip', '/config/localip'), nothing);
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    assert.equal(inheritance().find('hosts', '/config/host.deny').state, 'kept');
    master.need('hosts', false);
    assert.deepEqual(inheritance().find('hosts', '/config/denied'), nothing);
  });

  it('leaves it again where somebody has swept it away, under another name if the folder is gone', async () => {
    const master = handOver();
    for (const sweep of [(folder: string) => path.join(folder, 'hosts'), (folder: string) => folder]) {
      master.leave('hosts', '/config/host.deny', kept);
      await master.done();
      const folder = folderLeft();
      fs.rmSync(sweep(folder), { recursive: true });
      assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), nothing);
      master.leave('hosts', '/config/host.deny', kept);
      await master.done();
      assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), { state: 'kept', kept });
      assert.equal(folderLeft() === folder, fs.existsSync(folder));
    }
  });

  it('says once that it cannot leave anything, and goes on trying', async () => {
    const said = new Said();
    const master = handOver(said);
    const { TMPDIR } = process.env;
    process.env.TMPDIR = path.join(makeFolder().path, 'nowhere');
    try {
      for (const _ of [1, 2, 3]) master.leave('hosts', '/config/host.deny', kept);
      await master.done();
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
    assert.equal(said.saying('error what is in force cannot be left to workers that come later'), 1);
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    assert.equal(inheritance().find('hosts', '/config/host.deny').state, 'kept');
  });

  it('leaves nothing rather than what was in force before', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    fs.mkdirSync(path.join(folderLeft(), 'hosts.new'));
    master.leave('hosts', '/config/host.deny', { ...kept, hash: 'def' });
    await master.done();
    assert.deepEqual(inheritance().find('hosts', '/config/host.deny'), nothing);
  });

  it('lets nobody use what another version of the package left, or half of it', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    const file = path.join(folderLeft(), 'hosts');
    const left = readPacked(file) as object;
    await writePacked(file, { ...left, version: '0.0.0' });
    const other = inheritance().find('hosts', '/config/host.deny');
    assert.match(other.state === 'unusable' ? other.reason : '', /of version 0\.0\.0 of this package/);
    await writePacked(file, left);
    assert.equal(inheritance().find('hosts', '/config/host.deny').state, 'kept');
    fs.truncateSync(file, fs.statSync(file).size - 1);
    const half = inheritance().find('hosts', '/config/host.deny');
    assert.match(half.state === 'unusable' ? half.reason : '', /cannot be read/);
  });

  it('takes all with it when it is closed', async () => {
    const master = handOver();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    const folder = folderLeft();
    master.close();
    master.leave('hosts', '/config/host.deny', kept);
    await master.done();
    assert.equal(fs.existsSync(folder), false);
    assert.equal(process.env[variable], undefined);
    assert.equal(process.listenerCount('SIGTERM'), 0);
  });

  for (const [name, end] of [
    ['of itself', 'process.exit(0)'],
    ['by SIGTERM', "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60000)"],
  ] as const) {
    it(`takes all with it when the process ends ${name}`, () => {
      const module = path.resolve(__dirname, '..', '..', 'runtime', 'hand-over.js');
      const script = `
        const { HandOver } = require(${JSON.stringify(module)});
        const master = new HandOver({}, () => true);
        master.leave('hosts', '/config/host.deny', { hash: '', stamp: '' });
        master.done().then(() => { process.stdout.write(process.env.${variable}); setImmediate(() => { ${end} }); });`;
      const { stdout, status, signal } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      const { folder } = JSON.parse(stdout) as { folder: string };
      assert.match(folder, /smtpcheck-in-force-/);
      assert.equal(fs.existsSync(folder), false);
      assert.deepEqual([status, signal], end.includes('SIGTERM') ? [null, 'SIGTERM'] : [0, null]);
    });
  }
});

describe('a worker that comes later', () => {
  const stores: PolicyStore[] = [];
  afterEach(() => {
    for (const store of stores.splice(0)) store.close();
  });

  function start(folder: Folder, said: Said, parts: ConstructorParameters<typeof PolicyStore>[3]): PolicyStore {
    const store = new PolicyStore(folder.path, said.log, undefined, parts);
    stores.push(store);
    store.follow();
    return store;
  }

  const master = (folder: Folder, said = new Said()) => {
    const own = handOver(said);
    return { said, own, store: start(folder, said, { handOver: own }) };
  };
  const worker = (folder: Folder, said = new Said()) => ({
    said,
    store: start(folder, said, { inheritance: inheritance(), handOver: handOver(said, false) }),
  });

  const trusts = (store: PolicyStore, client: string) =>
    store.policy.relay.clientNetworks.findAddress(address(client)) !== undefined;
  const denies = (store: PolicyStore, client: string) =>
    store.policy.deny.clients.findAddress(address(client)) !== undefined;
  const delivers = (store: PolicyStore, domain: string) => store.policy.relay.localDomains.has(domain);
  const sendsOut = (store: PolicyStore, domain: string) =>
    store.policy.relay.destinations.findDomain(domain) !== undefined ||
    store.policy.relay.map.findRecipient({ localPart: 'user', domain }) !== undefined;

  interface LaterCase {
    readonly name: string;
    readonly files: Readonly<Record<string, string>>;
    readonly ini?: string;
    damage(folder: Folder): void;
    /** What the master says once it has noticed. */
    readonly noticed: string;
    /** What the new worker says of it. */
    readonly said: string;
    /** How it stands in the master all along, and in the worker from its start. */
    holds(store: PolicyStore): boolean;
    repair(folder: Folder): void;
    repaired(store: PolicyStore): boolean;
  }
  const cases: readonly LaterCase[] = [
    {
      name: 'host.deny was deleted',
      files: { 'host.deny': '198.51.100.7' },
      damage: ({ remove }) => remove('host.deny'),
      noticed: 'host.deny was deleted',
      said: 'host.deny does not exist',
      holds: (store) => denies(store, '198.51.100.7'),
      repair: ({ write }) => write('host.deny', '198.51.100.8'),
      repaired: (store) => denies(store, '198.51.100.8') && !denies(store, '198.51.100.7'),
    },
    {
      name: 'host.deny was deleted, which the settings name',
      files: { 'host.deny': '198.51.100.7' },
      ini: '[deny]\nhosts=host.deny\n',
      damage: ({ remove }) => remove('host.deny'),
      noticed: 'host.deny was deleted',
      said: 'host.deny:1: file-missing',
      holds: (store) => denies(store, '198.51.100.7'),
      repair: ({ write }) => write('host.deny', ''),
      repaired: (store) => !denies(store, '198.51.100.7'),
    },
    {
      name: 'another deny list was named, and is not there',
      files: { 'host.deny': '198.51.100.7' },
      damage: ({ write }) => write('smtpcheck.ini', `${quick}[deny]\nhosts=denied\n`),
      noticed: 'denied:1: file-missing',
      said: 'denied:1: file-missing',
      holds: (store) => denies(store, '198.51.100.7'),
      repair: ({ write }) => write('denied', '198.51.100.8'),
      repaired: (store) => denies(store, '198.51.100.8') && !denies(store, '198.51.100.7'),
    },
    {
      name: 'host_list was deleted, and host_list_regex has a fault',
      files: { host_list: 'one.example', host_list_regex: 'two\\.example' },
      damage: ({ remove, write }) => {
        remove('host_list');
        write('host_list_regex', 'two\\.example\n*.three.example');
      },
      noticed: 'host_list_regex:2: pattern-syntax',
      said: 'host_list does not exist',
      holds: (store) => delivers(store, 'one.example') && delivers(store, 'two.example'),
      repair: ({ write }) => {
        write('host_list', '');
        write('host_list_regex', 'three\\.example');
      },
      repaired: (store) => !delivers(store, 'one.example') && delivers(store, 'three.example'),
    },
    {
      name: 'localip has a fault',
      files: { localip: '192.0.2.7' },
      damage: ({ write }) => write('localip', '192.0.2.8\n192.0.2.9/24'),
      noticed: 'localip:2: prefix-host-bits',
      said: 'localip:2: prefix-host-bits',
      holds: (store) => trusts(store, '192.0.2.7') && !trusts(store, '192.0.2.8'),
      repair: ({ write }) => write('localip', '192.0.2.8'),
      repaired: (store) => trusts(store, '192.0.2.8') && !trusts(store, '192.0.2.7'),
    },
    {
      name: 'relay.to and relay.map have faults',
      files: { 'relay.to': 'a.example [10.0.0.5]', 'relay.map': 'To:b.example RELAY' },
      damage: ({ write }) => {
        write('relay.to', 'jp');
        write('relay.map', 'From:a.example RELAY');
      },
      noticed: 'relay.map:1: map-from-relay',
      said: 'relay.to:1: domain-public-suffix',
      holds: (store) => sendsOut(store, 'a.example') && sendsOut(store, 'b.example'),
      repair: ({ write }) => {
        write('relay.to', '');
        write('relay.map', '');
      },
      repaired: (store) => !sendsOut(store, 'a.example') && !sendsOut(store, 'b.example'),
    },
    {
      name: 'localip became a directory',
      files: { localip: '192.0.2.7' },
      damage: ({ remove, write }) => {
        remove('localip');
        write('localip/x', '');
      },
      noticed: 'localip:1: file-unreadable',
      said: 'localip:1: file-unreadable',
      holds: (store) => trusts(store, '192.0.2.7'),
      repair: ({ remove, write }) => {
        remove('localip');
        write('localip', '192.0.2.8');
      },
      repaired: (store) => trusts(store, '192.0.2.8') && !trusts(store, '192.0.2.7'),
    },
    {
      name: 'an allow list that the settings name was deleted',
      files: { ours: '192.0.2.7' },
      ini: '[relay]\nlocal_ip=ours\n',
      damage: ({ remove }) => remove('ours'),
      noticed: 'ours is missing',
      said: 'ours:1: file-missing',
      holds: (store) => !trusts(store, '192.0.2.7'),
      repair: ({ write }) => write('ours', '192.0.2.8'),
      repaired: (store) => trusts(store, '192.0.2.8'),
    },
    {
      name: 'smtpcheck.ini has a fault',
      files: {},
      ini: '[relay]\nmode=observe\n',
      damage: ({ write }) => write('smtpcheck.ini', '[relay]\nrestricton=false\n'),
      noticed: 'smtpcheck.ini:2: ini-key-unknown',
      said: 'smtpcheck.ini:2: ini-key-unknown',
      holds: (store) => store.policy.mode.relay === 'observe',
      repair: ({ write }) => write('smtpcheck.ini', '[deny]\nmode=observe\n'),
      repaired: (store) => store.policy.mode.deny === 'observe' && store.policy.mode.relay === 'enforce',
    },
    {
      name: 'smtpcheck.ini was deleted',
      files: { ours: '192.0.2.7' },
      ini: '[relay]\nlocal_ip=ours\n',
      damage: ({ remove }) => remove('smtpcheck.ini'),
      noticed: 'smtpcheck.ini was deleted',
      said: 'smtpcheck.ini does not exist',
      holds: (store) => trusts(store, '192.0.2.7'),
      repair: ({ write }) => write('smtpcheck.ini', ''),
      repaired: (store) => !trusts(store, '192.0.2.7'),
    },
  ];
  for (const { name, files, ini = '', damage, noticed, said, holds, repair, repaired } of cases) {
    it(`has what is in force where ${name}, and follows the file from there`, async () => {
      const folder = makeFolder({ 'smtpcheck.ini': quick + ini, ...files });
      const first = master(folder);
      damage(folder);
      await until(`the master says ${noticed}`, () => first.said.saying(noticed) > 0);
      // Some looks: what is left stays left.
      for (const _ of [1, 2, 3]) await first.store.check();
      await first.own.done();
      assert.ok(holds(first.store), 'the master');

      const later = worker(folder);
      assert.ok(holds(later.store), 'the worker');
      assert.ok(later.said.saying("what the cluster's master has in force is in force here") > 0);
      assert.ok(later.said.saying(said) > 0, later.said.lines.join('\n'));
      for (const _ of [1, 2, 3]) await later.store.check();
      assert.ok(holds(later.store), 'the worker, when it has looked at the files');

      repair(folder);
      await until('both take what was repaired', () => repaired(first.store) && repaired(later.store));
      await until('it is withdrawn', async () => {
        await first.store.check();
        await first.own.done();
        return fs.readdirSync(folderLeft()).length === 0;
      });
      const last = worker(folder);
      assert.ok(repaired(last.store));
      assert.equal(last.said.saying('is in force here'), 0);
    });
  }

  it('starts with what is on the disk where that is good, be something left or not', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, 'host.deny': '198.51.100.7' });
    const first = master(folder);
    folder.remove('host.deny');
    await until('it is noticed', () => first.said.saying('host.deny was deleted') > 0);
    await first.own.done();
    assert.deepEqual(fs.readdirSync(folderLeft()), ['hosts']);
    folder.write('host.deny', '198.51.100.8');
    const later = worker(folder);
    assert.ok(denies(later.store, '198.51.100.8') && !denies(later.store, '198.51.100.7'));
  });

  it('does not start without a list that refuses, or settings, that the master has yet to miss', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': '[main]\nsettle=10s\n', 'host.deny': '198.51.100.7' });
    const first = master(folder);
    await first.store.check();
    for (const file of ['host.deny', 'smtpcheck.ini']) {
      const text = fs.readFileSync(folder.file(file));
      folder.remove(file);
      assert.throws(
        () => worker(folder),
        (error: unknown) =>
          error instanceof CannotStart &&
          error.message.includes(`${file}:1: file-unreadable`) &&
          error.message.includes('has not left it yet'),
      );
      folder.write(file, text);
      worker(folder);
    }
  });

  it('starts where the master has none of it either', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' });
    const first = master(folder);
    await first.store.check();
    const later = worker(folder);
    assert.ok(trusts(later.store, '192.0.2.7'));
    assert.deepEqual(later.said.saying('error'), 0);
  });
});
