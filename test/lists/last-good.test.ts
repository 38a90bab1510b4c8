import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { LastGoodStore } from '../../src/lists/last-good';
import { workerThreshold } from '../../src/lists/parsing/parse-worker-client';
import { CannotStart, PolicyStore } from '../../src/lists/policy-store';
import { address, now } from '../../testkit/core';
import { type Folder, makeFolder } from '../../testkit/folder';
import { Said } from '../../testkit/said';
import { until } from '../../testkit/until';

const variable = 'SMTPCHECK_LAST_GOOD';
const quick = '[main]\npoll=200ms\nsettle=50ms\n';

const masters: LastGoodStore[] = [];

/** As in a master that has workers. */
function ofMaster(said = new Said()): LastGoodStore {
  const made = new LastGoodStore(said.log, true);
  masters.push(made);
  return made;
}

/** What a worker that is forked now has from its master. */
const notice = () =>
  JSON.parse(process.env[variable] as string) as {
    directory: string;
    kept: Record<string, { file: string; hash?: string }>;
  };

/** As in a worker that is forked now. */
const ofWorker = () => new LastGoodStore(new Said().log, false, notice());

function found(name: string): string {
  const last = ofWorker().find(name);
  return last.state === 'text' ? Buffer.from(last.bytes).toString() : last.state;
}

afterEach(() => {
  for (const made of masters.splice(0)) made.close();
});

describe('LastGoodStore', () => {
  const text = Buffer.from('198.51.100.7\n');

  it('gives a worker the text that was kept last under the name', () => {
    const master = ofMaster();
    master.keep('hosts', 'host.deny', text);
    assert.deepEqual([found('hosts'), found('local_ip')], ['198.51.100.7\n', 'unavailable']);
    master.keep('hosts', 'host.deny', Buffer.from('198.51.100.8\n'));
    assert.equal(found('hosts'), '198.51.100.8\n');
    master.keep('hosts', 'host.deny');
    assert.equal(found('hosts'), 'nothing');
    master.forget('hosts');
    assert.equal(found('hosts'), 'unavailable');
  });

  it('lets nobody else read it', () => {
    ofMaster().keep('hosts', 'host.deny', text);
    const { directory } = notice();
    assert.equal(fs.statSync(directory).mode & 0o777, 0o700);
    assert.equal(fs.statSync(path.join(directory, 'hosts')).mode & 0o777, 0o600);
  });

  it('keeps nothing outside a master, and knows nothing outside a worker', () => {
    const single = new LastGoodStore(new Said().log, false);
    single.keep('hosts', 'host.deny', text);
    assert.deepEqual([process.env[variable], single.find('hosts').state], [undefined, 'unknown']);
    assert.equal(LastGoodStore.ofThisProcess(new Said().log, false).isMaster, false);
    assert.equal(LastGoodStore.ofThisProcess(new Said().log, true).isMaster, true);
  });

  const damages: Readonly<Record<string, (directory: string) => void>> = {
    'is half gone': (directory) => fs.truncateSync(path.join(directory, 'hosts'), 5),
    'is gone': (directory) => fs.rmSync(path.join(directory, 'hosts')),
    'is gone with its directory': (directory) => fs.rmSync(directory, { recursive: true }),
    'is another': (directory) => fs.writeFileSync(path.join(directory, 'hosts'), '198.51.100.8\n'),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`has no text that ${name}`, () => {
      ofMaster().keep('hosts', 'host.deny', text);
      damage(notice().directory);
      assert.equal(found('hosts'), 'unavailable');
    });
  }

  it('keeps the next text in another directory where its own was removed', () => {
    const master = ofMaster();
    master.keep('hosts', 'host.deny', text);
    const { directory } = notice();
    fs.rmSync(directory, { recursive: true });
    master.keep('local_ip', 'localip', text);
    assert.deepEqual([found('local_ip'), found('hosts')], ['198.51.100.7\n', 'unavailable']);
    assert.notEqual(notice().directory, directory);
  });

  it('says once that it cannot keep a text, and has none rather than the one before', () => {
    const said = new Said();
    const master = ofMaster(said);
    master.keep('hosts', 'host.deny', text);
    const { directory } = notice();
    fs.mkdirSync(path.join(directory, 'hosts.new'));
    for (const _ of [1, 2]) master.keep('hosts', 'host.deny', Buffer.from('198.51.100.8\n'));
    assert.equal(said.saying('error the last good text of hosts cannot be kept for workers that start later'), 1);
    assert.equal(found('hosts'), 'unavailable');
    fs.rmdirSync(path.join(directory, 'hosts.new'));
    master.keep('hosts', 'host.deny', text);
    assert.equal(found('hosts'), '198.51.100.7\n');
  });

  it('takes all with it when it is closed', () => {
    const master = ofMaster();
    master.keep('hosts', 'host.deny', text);
    const { directory } = notice();
    master.close();
    assert.equal(fs.existsSync(directory), false);
    assert.equal(process.env[variable], undefined);
    assert.equal(process.listenerCount('SIGTERM'), 0);
  });

  for (const [name, end] of [
    ['of itself', 'process.exit(0)'],
    ['by SIGTERM', "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60000)"],
  ] as const) {
    it(`takes all with it when the process ends ${name}`, () => {
      const module = path.resolve(__dirname, '..', '..', 'src', 'lists', 'last-good.js');
      const script = `
        const { LastGoodStore } = require(${JSON.stringify(module)});
        new LastGoodStore({}, true).keep('hosts', 'host.deny', Buffer.from('x'));
        process.stdout.write(process.env.${variable});
        setImmediate(() => { ${end} });`;
      const { stdout, status, signal } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
      const { directory } = JSON.parse(stdout) as { directory: string };
      assert.match(directory, /smtpcheck-last-good-/);
      assert.equal(fs.existsSync(directory), false);
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

  const master = (folder: Folder, said = new Said()) => ({
    said,
    store: start(folder, said, { lastGood: ofMaster(said) }),
  });
  const worker = (folder: Folder, said = new Said()) => ({
    said,
    store: start(folder, said, { lastGood: ofWorker() }),
  });

  const trusts = (store: PolicyStore, client: string) =>
    store.policy.relay.clientNetworks.findAddress(address(client), now) !== undefined;
  const denies = (store: PolicyStore, client: string) =>
    store.policy.deny.clients.findAddress(address(client), now) !== undefined;
  const delivers = (store: PolicyStore, domain: string) => store.policy.relay.localDomains.has(domain);
  const sendsOut = (store: PolicyStore, domain: string) =>
    store.policy.relay.destinations.findDomain(domain, now) !== undefined ||
    store.policy.relay.map.findRecipient({ localPart: 'user', domain }, now) !== undefined;

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
      for (const _ of [1, 2, 3]) await first.store.check();
      assert.ok(holds(first.store), 'the master');

      const later = worker(folder);
      assert.ok(holds(later.store), 'the worker');
      assert.ok(later.said.saying("what the cluster's master has in force is in force here") > 0);
      assert.ok(later.said.saying(said) > 0, later.said.lines.join('\n'));
      for (const _ of [1, 2, 3]) await later.store.check();
      assert.ok(holds(later.store), 'the worker, when it has looked at the files');

      repair(folder);
      await until('both take what was repaired', () => repaired(first.store) && repaired(later.store));
      const last = worker(folder);
      assert.ok(repaired(last.store));
      assert.equal(last.said.saying('is in force here'), 0);
    });
  }

  it('starts with what is on the disk where that is good', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, 'host.deny': '198.51.100.7' });
    const first = master(folder);
    folder.remove('host.deny');
    await until('it is noticed', () => first.said.saying('host.deny was deleted') > 0);
    folder.write('host.deny', '198.51.100.8');
    const later = worker(folder);
    assert.ok(denies(later.store, '198.51.100.8') && !denies(later.store, '198.51.100.7'));
  });

  it('has the last good text of what the master has yet to miss', async () => {
    const folder = makeFolder({
      'smtpcheck.ini': '[main]\nsettle=10s\n[relay]\nmode=observe\n',
      'host.deny': '198.51.100.7',
    });
    master(folder);
    for (const file of ['host.deny', 'smtpcheck.ini']) folder.remove(file);
    const { store, said } = worker(folder);
    assert.ok(denies(store, '198.51.100.7'));
    assert.equal(store.policy.mode.relay, 'observe');
    assert.equal(said.saying("what the cluster's master has in force is in force here"), 2);
  });

  it('has the last good text of a large list, as the master has read it last', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' });
    const first = master(folder);
    for (const [client, size] of [
      ['192.0.2.8', workerThreshold],
      ['192.0.2.9', 2 << 20],
    ] as const) {
      folder.write('localip', `${client}\n${'# one line of many\n'.repeat(size / 16)}`);
      await until(`${client} is trusted`, () => trusts(first.store, client));
      folder.write('localip', '192.0.2.1/8');
      const later = worker(folder);
      assert.ok(trusts(later.store, client) && !trusts(later.store, '192.0.2.7'));
      await until('the fault is noticed', () => first.said.saying('localip:1: prefix-') > 0);
      first.said.lines.length = 0;
    }
  });

  const lost = (folder: Folder) => {
    const first = master(folder);
    fs.rmSync(notice().directory, { recursive: true });
    return first;
  };

  it('can tell nobody who is denied where the last good text is lost, until the file is good again', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, 'host.deny': '198.51.100.7', localip: '192.0.2.7' });
    lost(folder);
    folder.remove('host.deny');
    const later = worker(folder);
    assert.equal(later.store.policy.deny.clients.available, false);
    assert.ok(trusts(later.store, '192.0.2.7'));
    assert.equal(later.said.saying('host.deny is not taken from the disk: what it could decide is deferred, since'), 1);
    for (const _ of [1, 2, 3]) await later.store.check();
    await until('it has been looked for', () => later.said.saying('host.deny') > 1);
    assert.equal(later.store.policy.deny.clients.available, false);
    folder.write('host.deny', '198.51.100.8');
    await until('it is in force', () => denies(later.store, '198.51.100.8'));
    assert.ok(later.store.policy.deny.clients.available);
  });

  it('trusts nobody by a faulty list of which the last good text is lost, and refuses nobody for good', () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' });
    lost(folder);
    folder.write('localip', '192.0.2.7\n192.0.2.9/24');
    const { clientNetworks } = worker(folder).store.policy.relay;
    assert.deepEqual([clientNetworks.available, clientNetworks.size], [false, 0]);
  });

  for (const file of ['smtpcheck.ini', 'host_list', 'host_list_regex']) {
    it(`does not start without ${file} where the last good text of it is lost`, () => {
      const folder = makeFolder({ 'smtpcheck.ini': quick, host_list: 'one.example', host_list_regex: 'one\\.example' });
      lost(folder);
      folder.remove(file);
      assert.throws(
        () => worker(folder),
        (error: unknown) => error instanceof CannotStart && error.message.includes(`${file}:1: file-unreadable`),
      );
    });
  }

  it('starts where the master has none of it either', async () => {
    const folder = makeFolder({ 'smtpcheck.ini': quick, localip: '192.0.2.7' });
    const first = master(folder);
    await first.store.check();
    const later = worker(folder);
    assert.ok(trusts(later.store, '192.0.2.7'));
    assert.deepEqual(later.said.saying('error'), 0);
  });
});
