/**
 * Lists in a real Redis, changed with redis-cli while two Harakas of two workers each are under traffic: every change
 * reaches every worker in the documented time, and whatever is no list changes nothing.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { addressList } from '../../../bench/lists';
import type { HarakaVersion } from '../../../testkit/live/haraka';
import { eventually, pause } from '../../../testkit/live/talk';
import { all, allRevoked, interrupted } from '../../faults/checks/expectations';
import { allLists, filling, linesOf, quoted } from './lists';
import { onRedis } from './on-redis';
import { RedisServer } from './server';
import { aside, documented, type Instance, maxAge, processes, Site } from './site';

const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;
const REFUSED = /^550 5\.7\.1 Access denied/;
const outside = 'somebody@victim.example';
const stranger = '127.66.200.1';

interface Change {
  readonly name: string;
  readonly commands: readonly string[];
  /** Who asks for whom, and what every worker says from then on, and said until then. */
  readonly from: string;
  readonly to: string;
  readonly before: RegExp;
  readonly after: RegExp;
  /** A part of those that Haraka 3.1 is asked about too. */
  readonly core?: true;
}

const change = (
  name: string,
  commands: readonly string[],
  [from, to]: readonly [string, string],
  [before, after]: readonly [RegExp, RegExp],
  core?: true,
): Change => ({ name, commands, from, to, before, after, ...(core && { core }) });

const allowed = [DENIED, OK] as const;
const revoked = [OK, DENIED] as const;
const newNetwork = ['127.8.0.1', outside] as const;
const named = [aside.client, outside] as const;
const newMap = [stranger, 'user@new-map.example'] as const;
const subdomain = [stranger, 'user@sub.new.example'] as const;
const newDestination = [stranger, 'user@new.example'] as const;

const changes: readonly Change[] = [
  change('SADD to localip', ['SADD localip 127.8'], newNetwork, allowed, true),
  change('SREM from localip', ['SREM localip 127.8'], newNetwork, revoked, true),
  change('an exclusion with SADD', ['SADD localip 127.8 !127.8.1'], ['127.8.0.1', outside], allowed),
  change(
    'RENAME of another set',
    [`SADD next ${linesOf('localip').map(quoted).join(' ')}`, 'RENAME next localip'],
    newNetwork,
    revoked,
  ),
  change('SADD to localdomain', [`SADD localdomain ${aside.domain}`], named, allowed),
  change('SREM from localdomain', [`SREM localdomain ${aside.domain}`], named, revoked),
  change('SADD to host.deny', ['SADD host.deny 127.78'], ['127.78.0.1', 'user@local.example'], [OK, REFUSED], true),
  change('SREM from host.deny', ['SREM host.deny 127.78'], ['127.78.0.1', 'user@local.example'], [REFUSED, OK]),
  change('HSET in relay.map', ['HSET relay.map To:new-map.example RELAY'], newMap, allowed, true),
  change('HSET of another value in relay.map', ['HSET relay.map To:new-map.example REJECT'], newMap, [OK, REFUSED]),
  change('HSET of the first value again', ['HSET relay.map To:new-map.example RELAY'], newMap, [REFUSED, OK]),
  change('HDEL from relay.map', ['HDEL relay.map To:new-map.example'], newMap, revoked),
  change(
    'relay.map as a set',
    filling('relay.map', 'set', [...linesOf('relay.map'), 'To:new-map.example RELAY']),
    newMap,
    allowed,
  ),
  change('SREM from relay.map as a set', ['SREM relay.map "To:new-map.example RELAY"'], newMap, revoked),
  change(
    'relay.map as a string',
    filling('relay.map', 'string', [...linesOf('relay.map'), 'To:new-map.example RELAY']),
    newMap,
    allowed,
  ),
  change('relay.map as a hash again', filling('relay.map', 'hash'), newMap, revoked),
  change(
    'SET of relay.to',
    filling('relay.to', 'string', [...linesOf('relay.to'), 'new.example']),
    newDestination,
    allowed,
    true,
  ),
  change('APPEND of an exclusion to relay.to', ['APPEND relay.to "!sub.new.example\\n"'], subdomain, revoked),
  change('relay.to as a set', filling('relay.to', 'set', [...linesOf('relay.to'), 'new.example']), subdomain, allowed),
  change('relay.to as a string again', filling('relay.to', 'string'), newDestination, revoked, true),
  change('localip as a string', filling('localip', 'string', [...linesOf('localip'), '127.8']), newNetwork, allowed),
  change('localip as a set again', filling('localip', 'set'), newNetwork, revoked),
];

/** What is no list of its kind. */
interface Bad {
  readonly name: string;
  readonly damage: readonly string[];
  readonly complaint: RegExp;
  readonly repair: readonly string[];
}

const badMember = (member: string, complaint: RegExp) => ({
  damage: [`SADD localip ${quoted(member)} 127.8`],
  complaint,
  repair: [`SREM localip ${quoted(member)} 127.8`],
});
const replaced = (key: 'localip' | 'host.deny' | 'relay.to', command: string) => [
  ...['MULTI', `DEL ${key}`],
  ...[command, 'EXEC'],
];

const nothingOfTheKind: readonly Bad[] = [
  {
    name: 'a list in place of a set',
    damage: replaced('localip', 'RPUSH localip 127.8'),
    complaint: /redis:localip:\d+: redis-type: /g,
    repair: filling('localip', 'set'),
  },
  {
    name: 'a hash in place of host.deny',
    damage: replaced('host.deny', 'HSET host.deny 127.77 x'),
    complaint: /redis:host\.deny:\d+: redis-type: /g,
    repair: filling('host.deny', 'set'),
  },
  {
    name: 'a stream in place of a string',
    damage: replaced('relay.to', 'XADD relay.to * new.example x'),
    complaint: /redis:relay\.to:\d+: redis-type: /g,
    repair: filling('relay.to', 'string'),
  },
  { name: 'a member with a line break', ...badMember('127.8.1\n127.8.2', /redis:localip:\d+: /g) },
  { name: 'a member of NULs', ...badMember('\0\0', /redis:localip:\d+: /g) },
  { name: 'a member with host bits', ...badMember('10.0.0.1/8', /redis:localip:\d+: prefix-host-bits/g) },
  { name: 'a member of everything', ...badMember('0.0.0.0/0', /redis:localip:\d+: prefix-everything/g) },
  {
    name: 'bytes that are no text',
    damage: ['SADD localip "\\xff\\xfe\\x80" 127.8'],
    complaint: /redis:localip:\d+: /g,
    repair: ['SREM localip "\\xff\\xfe\\x80" 127.8'],
  },
  {
    name: 'a value that relay.map does not know',
    damage: ['HSET relay.map To:new-map.example RELYA'],
    complaint: /redis:relay\.map:\d+: /g,
    repair: ['HDEL relay.map To:new-map.example'],
  },
];

onRedis('lists in Redis that redis-cli changes', (root) => {
  for (const version of ['3.3', '3.1'] as const) describe(`with Haraka ${version}`, () => suite(root, version));
});

function suite(root: string, version: HarakaVersion): void {
  let redis: RedisServer;
  let site: Site;

  before(async () => {
    redis = await RedisServer.start(root);
    redis.pipe(allLists);
    site = await Site.start(redis, version, [{ standIns: 'all' }, { standIns: 'none', denyAt: 'rcpt' }]);
    site.startTraffic();
  });
  after(async () => {
    try {
      await site?.stop();
      assert.deepEqual(redis?.clients(), [], 'Haraka has stopped, and its connections are still there');
    } finally {
      await redis?.remove();
    }
  });
  afterEach(() => site.assertAllWell());

  it('are in force from the first session on', async () => {
    await site.sample(2);
  });

  for (const { name, commands, from, to, before: told, after: telling, core } of changes) {
    if (version === '3.1' && !core) continue;
    it(`reach every worker of both: ${name}`, async () => {
      await site.all((instance) => instance.tells(from, to, told));
      redis.pipe(commands);
      await site.all((instance) => instance.tells(from, to, telling, documented));
    });
  }

  it('are empty once their keys are deleted, and host.deny stays', async () => {
    await site.during([allRevoked], {
      begin: async () => {
        redis.cli('DEL', 'localip', 'localdomain', 'relay.to', 'relay.map', 'host.deny');
        await site.all(async (instance) => {
          await instance.tells('127.9.0.1', outside, DENIED, documented);
          await instance.tells('127.50.0.1', outside, DENIED, documented);
          await instance.tells(stranger, 'user@backup.example', DENIED, documented);
          await instance.tells(stranger, 'user@mapped.example', DENIED, documented);
        });
      },
      lasting: () => site.all((instance) => instance.tells('127.77.0.1', 'user@local.example', REFUSED)),
      end: async () => {
        redis.pipe(allLists);
        await site.all(async (instance) => {
          await instance.tells('127.9.0.1', outside, OK, documented);
          await instance.tells('127.50.0.1', outside, OK, documented);
          await instance.tells(stranger, 'user@backup.example', OK, documented);
          await instance.tells(stranger, 'user@mapped.example', OK, documented);
        });
      },
    });
  });

  if (version === '3.1') return;

  it('refuse nobody once a comment is all that host.deny holds', async () => {
    await site.during([all(['denied'], ['accepted'])], {
      begin: async () => {
        redis.pipe(['MULTI', 'DEL host.deny', 'SADD host.deny "#"', 'EXEC']);
        await site.all((instance) => instance.tells('127.77.0.1', 'user@local.example', OK, documented));
      },
      end: async () => {
        redis.pipe(filling('host.deny', 'set'));
        await site.all((instance) => instance.tells('127.77.0.1', 'user@local.example', REFUSED, documented));
      },
    });
  });

  it('change by notice, and not by the clock alone', async () => {
    // By the clock a key would be read after more than three minutes.
    await site.all((instance) => instance.set({ maxAge: '10m' }));
    redis.pipe(['SADD localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, OK, 10_000));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, DENIED, 10_000));
    // Of a change between two connections no notice comes.
    redis.pipe(['CLIENT KILL TYPE normal SKIPME yes', 'SADD localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, OK, 10_000));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, DENIED, 10_000));
    await site.all((instance) => instance.set({ maxAge: `${maxAge}s` }));
  });

  for (const { name, damage, complaint, repair } of nothingOfTheKind) {
    it(`stay as they were, and every process says why: ${name}`, async () => {
      await site.all((instance) => instance.says(complaint, processes, () => redis.pipe(damage)));
      await site.all((instance) => instance.tells(...newNetwork, DENIED));
      redis.pipe(repair);
    });
  }

  it('are told of once each, however often they are looked at', async () => {
    // What every process has taken by now came after all of them.
    redis.pipe(['SADD localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, OK, documented));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, DENIED, documented));
    for (const { haraka } of site.instances) {
      const told = haraka.log().match(/rejected, the last good version stays in force/g)?.length;
      assert.equal(told, processes * nothingOfTheKind.length);
    }
  });

  it('are good for as long as what is there is no list, also beyond max_age', async () => {
    redis.pipe(replaced('localip', 'RPUSH localip 127.8'));
    const since = Date.now();
    while (Date.now() - since < 1.5 * maxAge * 1000) await site.sample(1);
    redis.pipe(filling('localip', 'set'));
    await site.sample(1);
  });

  it('are followed through a storm of changes, and the last one counts', async () => {
    const storm = stormOf(redis, 100);
    await pause(1000);
    // Amid the storm.
    redis.pipe(['SADD localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, OK, documented));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, DENIED, documented));
    await site.sample(1);
    const commands = await storm.stop();
    assert.ok(commands >= 100, `${commands} commands are no storm`);
    redis.pipe(['SADD localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, OK, documented));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells(...newNetwork, DENIED, documented));
  });

  it('may have 50,000 members, and change while mail flows', async () => {
    // Three processes read it, and share their processors with all the rest.
    await site.all((instance) => instance.set({ maxAge: '60s' }));
    const [first, second] = site.instances as [Instance, Instance];
    await first.set({ lists: 'files' });
    // Whatever is older than max_age is put off, and a machine may be that slow; so may the DNS of this process.
    await site.during([{}, interrupted], {
      begin: async () => {
        const members = addressList(50_000);
        const commands: string[] = [];
        for (let n = 0; n < members.length; n += 1000)
          commands.push(`SADD host.deny ${members.slice(n, n + 1000).join(' ')}`);
        commands.push('SADD host.deny 127.78');
        redis.pipe(commands);
        assert.ok(Number(redis.cli('SCARD', 'host.deny')) > 50_000);
        await second.tells('127.78.0.1', 'user@local.example', REFUSED);
        redis.pipe(['SREM host.deny 127.78']);
        await second.tells('127.78.0.1', 'user@local.example', OK);
        await second.tells('127.77.0.1', 'user@local.example', REFUSED);
      },
      end: async () => {
        redis.pipe(filling('host.deny', 'set'));
        await first.set({ lists: 'redis' });
        await site.all((instance) => instance.set({ maxAge: `${maxAge}s` }));
        await site.all((instance) => instance.tells('127.9.0.1', outside, OK));
        await site.all((instance) => instance.tells('127.77.0.1', 'user@local.example', REFUSED));
      },
    });
  });

  it('are let go, with their connections, once no setting names them', async () => {
    assert.ok(redis.clients().length > 0, 'nobody was connected');
    await site.all((instance) => instance.set({ lists: 'files' }));
    await eventually(
      (clients) => clients.length === 0,
      async () => redis.clients(),
    );
    await site.sample(1);
    await site.all((instance) => instance.set({ lists: 'redis' }));
    await eventually(
      (clients) => clients.length === processes * site.instances.length,
      async () => redis.clients(),
    );
    await site.sample(1);
  });
}

/** Changes by one redis-cli, so many a second. */
function stormOf(redis: RedisServer, perSecond: number): { stop(): Promise<number> } {
  const cli = spawn(...redis.cliCommand());
  const ended = once(cli, 'close');
  cli.stdout?.resume();
  let count = 0;
  const timer = setInterval(() => {
    const n = count++ % 250;
    cli.stdin?.write(
      count % 2
        ? `SADD localip 10.1.${n}\nSADD host.deny 10.2.${n}\n`
        : `SREM localip 10.1.${n - 1}\nSREM host.deny 10.2.${n - 1}\n`,
    );
  }, 1000 / perSecond);
  return {
    async stop() {
      clearInterval(timer);
      cli.stdin?.end();
      await ended;
      return count;
    },
  };
}
