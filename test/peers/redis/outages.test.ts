/**
 * A real Redis that is stopped, paused, crashed, flushed and restarted under traffic to two Harakas of two workers each.
 * The first has files that stand in for its lists, the second only for `host.deny`: what it cannot tell is put off, and
 * nobody is let in.
 */
import assert from 'node:assert/strict';
import type { HarakaVersion } from '../../../testkit/live/haraka';
import { eventually, pause } from '../../../testkit/live/talk';
import {
  all,
  allRevoked,
  type Changes,
  onwardClasses,
  permittedClasses,
  withoutAnyList,
  withoutLists,
} from '../../faults/checks/expectations';
import { allLists, filling } from './lists';
import { onRedis } from './on-redis';
import { RedisServer, type RedisSettings } from './server';
import { documented, type Instance, maxAge, processes, type Settings, Site } from './site';

const OK = /^250 /;
const DENIED = /^550 5\.7\.1 Relaying denied/;
const REFUSED = /^550 5\.7\.1 Access denied/;
const LATER = /^450 4\.7\.1 Relaying temporarily denied/;
const NOBODY_NOW = /^450 4\.7\.1 Access temporarily denied/;
const outside = 'somebody@victim.example';
const local = 'user@local.example';
const trusted = '127.9.0.1';
const denied = '127.77.0.1';
const stranger = '127.66.200.1';
/** Whom only the file trusts, and whom only the file denies. */
const trustedByFile = '127.7.0.1';
const deniedByFile = '127.79.0.1';

const nothing: Changes = {};
interface Outage {
  readonly name: string;
  begin(redis: RedisServer): Promise<void>;
  end(redis: RedisServer): Promise<void>;
  /** Also with Haraka 3.1. */
  readonly core?: true;
}

const outages: readonly Outage[] = [
  { name: 'stopped', begin: (redis) => redis.stop(), end: (redis) => redis.start(), core: true },
  { name: 'paused', begin: async (redis) => redis.pause(), end: async (redis) => redis.resume() },
  { name: 'crashed', begin: crashed, end: (redis) => redis.start() },
];

/** What it held is on its disk. */
async function crashed(redis: RedisServer): Promise<void> {
  redis.cli('SAVE');
  await redis.crash();
}

onRedis('lists in a disconnected Redis', (root) => {
  for (const version of ['3.3', '3.1'] as const) describe(`with Haraka ${version}`, () => suite(root, version));
});

function suite(root: string, version: HarakaVersion): void {
  let redis: RedisServer;
  let site: Site;
  let first: Instance;
  let second: Instance;

  before(async () => {
    redis = await RedisServer.start(root);
    redis.pipe(allLists);
    site = await Site.start(redis, version, [{ standIns: 'all', denyAt: 'connect' }, { standIns: 'deny' }]);
    [first, second] = site.instances as [Instance, Instance];
    site.startTraffic();
    await site.sample(1);
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

  async function away(): Promise<void> {
    await first.tells(trustedByFile, outside, OK);
    await second.tells(trusted, outside, LATER);
  }

  async function there(): Promise<void> {
    await first.tells(trustedByFile, outside, DENIED);
    await site.all((instance) => instance.tells(trusted, outside, OK));
  }

  for (const { name, begin, end, core } of outages) {
    if (version === '3.1' && !core) continue;
    it(`are replaced by their files or put off once it has been ${name} for max_age, and are back with it`, async () => {
      const told = site.instances.map(({ haraka }) => haraka.log().length);
      await site.during([nothing, withoutLists], {
        begin: async () => {
          await begin(redis);
          await away();
        },
        // As long again, so that a try at every moment would be seen in the log.
        lasting: async () => {
          await pause(1000);
          await site.sample(2);
        },
        end: async () => {
          await end(redis);
          await there();
        },
      });
      for (const [n, { haraka }] of site.instances.entries()) {
        const since = () => haraka.log().slice(told[n]);
        const back = / reconnected, with change notices/g;
        // Mail is answered by two of them; the third may try later.
        await eventually(
          (count) => count >= processes,
          async () => since().match(back)?.length ?? 0,
        );
        const log = since();
        assert.equal(log.match(/ disconnected, reconnecting: /g)?.length, processes, log);
        assert.equal(log.match(back)?.length, processes, log);
      }
    });
  }

  it('are revoked when it is flushed, except for host.deny, and are back when it is filled', async () => {
    await site.during([allRevoked], {
      begin: async () => {
        redis.cli('FLUSHALL');
        await site.all((instance) => instance.tells(trusted, outside, DENIED, documented));
        await site.all((instance) => instance.tells('127.50.0.1', outside, DENIED, documented));
        await site.all((instance) => instance.tells(stranger, 'user@backup.example', DENIED, documented));
        await site.all((instance) => instance.tells(stranger, 'user@mapped.example', DENIED, documented));
      },
      // The server has the keys no more, which is no reason to take what the files have.
      lasting: () => first.tells(trustedByFile, outside, DENIED),
      end: async () => {
        redis.pipe(allLists);
        await there();
        await site.all((instance) => instance.tells('127.50.0.1', outside, OK));
        await site.all((instance) => instance.tells(stranger, 'user@backup.example', OK));
        await site.all((instance) => instance.tells(stranger, 'user@mapped.example', OK));
      },
    });
  });

  if (version === '3.1') return;

  it('change nothing for anybody when it is restarted within max_age', async () => {
    // Long enough for a busy machine to start a server in.
    await site.all((instance) => instance.set({ maxAge: '30s' }));
    await site.all((instance) =>
      instance.says(/ reconnected, /g, processes, () => (instance === first ? redis.restart() : undefined)),
    );
    await site.sample(1);
    redis.pipe(['SADD localip 127.8']);
    await site.all((instance) => instance.tells('127.8.0.1', outside, OK, documented));
    redis.pipe(['SREM localip 127.8']);
    await site.all((instance) => instance.tells('127.8.0.1', outside, DENIED, documented));
    await site.all((instance) => instance.set({ maxAge: `${maxAge}s` }));
  });

  it('open nothing when a worker is killed while it is flushed', async () => {
    const meanwhile: Changes = {
      ...all(permittedClasses, ['accepted', 'deferred', 'refused']),
      ...anyRefusal(),
    };
    // The new worker has no last content: what the file denies is denied there, and by the others what Redis denied.
    await site.during([allRevoked], {
      meanwhile,
      begin: async () => {
        redis.cli('FLUSHALL');
        await site.all((instance) => instance.tells(trusted, outside, DENIED));
        await site.all((instance) => instance.tells(stranger, 'user@backup.example', DENIED));
        await site.all((instance) => instance.killWorker());
        await site.all((instance) => instance.tells(trusted, outside, DENIED));
        await site.all((instance) => instance.tells(stranger, 'user@backup.example', DENIED));
      },
      end: async () => {
        redis.pipe(allLists);
        await there();
        await site.all((instance) => instance.tells(stranger, 'user@backup.example', OK));
        await site.all((instance) => instance.tells(stranger, 'user@mapped.example', OK));
        await site.all((instance) => instance.tells('127.50.0.1', outside, OK));
      },
    });
  });

  it('let nobody in when not even host.deny has a file, also by a worker that takes the place of another', async () => {
    await second.set({ standIns: 'none' });
    await site.during([nothing, withoutAnyList], {
      meanwhile: {
        ...anyRefusal(),
        ...all(permittedClasses, ['accepted', 'deferred']),
      },
      begin: async () => {
        await redis.stop();
        await first.tells(trustedByFile, outside, OK);
        await second.tells(stranger, local, NOBODY_NOW);
        await site.all((instance) => instance.killWorker());
        await first.tells(trustedByFile, outside, OK);
        await second.tells(denied, local, NOBODY_NOW);
      },
      end: async () => {
        await redis.start();
        await there();
        await second.tells(stranger, local, OK);
        await second.tells(denied, local, REFUSED);
      },
    });
    await second.set({ standIns: 'deny' });
  });

  const oldServers: readonly (readonly [string, RedisSettings])[] = [
    ['HELLO', { conf: ['rename-command HELLO ""'] }],
    ['CLIENT', { conf: ['rename-command CLIENT ""'] }],
  ];
  for (const [missing, settings] of oldServers) {
    it(`are followed by the clock on a server that knows no ${missing}`, async () => {
      await site.during([nothing, {}], {
        meanwhile: { ...putOffOrNot() },
        begin: async () => {
          await site.all((instance) =>
            instance.says(/ reconnected, without change notices/g, processes, () =>
              instance === first ? redis.restart(settings) : undefined,
            ),
          );
          await there();
        },
        lasting: async () => {
          redis.pipe(['SADD localip 127.8']);
          await site.all((instance) => instance.tells('127.8.0.1', outside, OK, documented));
          redis.pipe(['SREM localip 127.8']);
          await site.all((instance) => instance.tells('127.8.0.1', outside, DENIED, documented));
        },
        end: async () => {
          await redis.restart({});
          await there();
        },
      });
    });
  }
}

/** Whoever may not have it is not to have it, whatever is the reason. */
function anyRefusal(): Changes {
  return {
    'plain-relay': ['refused', 'deferred'],
    excluded: ['refused', 'deferred'],
    'over-limit': ['refused', 'deferred'],
    'forged-name': ['refused', 'deferred'],
    routed: ['refused', 'deferred'],
    order: ['refused', 'deferred'],
    denied: ['refused', 'deferred'],
  };
}

/** A restart may take longer than max_age. */
function putOffOrNot(): Changes {
  return { ...anyRefusal(), ...all(onwardClasses, ['accepted', 'deferred']) };
}

onRedis('Haraka with lists in Redis, when it starts', (root) => {
  let redis: RedisServer;
  let site: Site | undefined;

  beforeEach(async () => {
    redis = await RedisServer.start(root, { password: 'a-secret' });
    redis.pipe(allLists);
  });
  afterEach(async () => {
    await site?.stop();
    site = undefined;
    await redis.remove();
  });

  const start = async (kinds: readonly Settings['standIns'][] = ['all', 'none'], password = 'a-secret') => {
    const settings = kinds.map((standIns) => ({ standIns }));
    site = await Site.start(redis, '3.3', settings, `password=${password}\n`);
    return site.instances as [Instance, Instance];
  };

  it('with Redis there puts nobody off, and gives the password of redis.ini', async () => {
    const [first, second] = await start();
    for (const instance of [first, second]) {
      assert.ok((await instance.askAll(trusted, outside)).every((reply) => OK.test(reply)));
      assert.ok((await instance.askAll(denied, local)).every((reply) => REFUSED.test(reply)));
      assert.ok((await instance.askAll(deniedByFile, local)).every((reply) => OK.test(reply)));
      assert.doesNotMatch(instance.haraka.log(), /a-secret/);
    }
    site?.assertAllWell();
  });

  it('with Redis disconnected takes the files or puts all off, and the lists once it is there', async () => {
    await redis.stop();
    const [first, second] = await start();
    await first.tells(trustedByFile, outside, OK);
    await first.tells(deniedByFile, local, REFUSED);
    await second.tells(stranger, local, NOBODY_NOW);
    await redis.start();
    await first.tells(trustedByFile, outside, DENIED);
    for (const instance of [first, second]) {
      await instance.tells(trusted, outside, OK);
      await instance.tells(denied, local, REFUSED);
      await instance.tells(stranger, local, OK);
    }
    site?.assertAllWell();
  });

  it('with a Redis that answers nobody puts all off, and takes the lists once it answers', async () => {
    redis.pause();
    const [instance] = await start(['none']);
    await instance.tells(stranger, local, NOBODY_NOW);
    redis.resume();
    await instance.tells(stranger, local, OK);
    await instance.tells(trusted, outside, OK);
  });

  it('with a wrong password puts off or takes the file, and says so without it', async () => {
    const [instance] = await start(['deny'], 'another-one');
    await instance.tells(deniedByFile, local, REFUSED);
    await instance.tells(trusted, outside, LATER);
    await instance.tells(stranger, local, OK);
    assert.match(instance.haraka.log(), / disconnected, reconnecting: .*WRONGPASS/);
    assert.doesNotMatch(instance.haraka.log(), /another-one/);
  });

  it('after FLUSHALL refuses whom the file denies, or puts all off, and allows nobody', async () => {
    redis.cli('FLUSHALL');
    const [first, second] = await start();
    await first.tells(deniedByFile, local, REFUSED);
    await first.tells(trusted, outside, DENIED);
    await first.tells(stranger, local, OK);
    await second.tells(stranger, local, NOBODY_NOW);
    await second.tells(denied, local, NOBODY_NOW);
    assert.match(second.haraka.log(), /SADD host\.deny/);
    redis.pipe(filling('host.deny', 'set'));
    for (const instance of [first, second]) {
      await instance.tells(denied, local, REFUSED, documented);
      await instance.tells(stranger, local, OK, documented);
    }
  });
});
