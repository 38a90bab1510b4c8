import assert from 'node:assert/strict';
import { sortLines } from '../../../src/lists/parsing/parse-bytes';
import { type Ask, type KeyContent, readKey } from '../../../src/lists/redis/key-reader';
import { RedisConnection } from '../../../src/lists/redis/redis-connection';
import { FakeRedis, type Value } from '../../../testkit/fakes/redis';
import { type ClientVersion, clientsOf } from '../../../testkit/redis-clients';

let redis: FakeRedis;
let connection: RedisConnection | undefined;

async function connected(version: ClientVersion = 5): Promise<RedisConnection> {
  connection = new RedisConnection(clientsOf(redis, version), undefined, 5000);
  await connection.open();
  return connection;
}

beforeEach(async () => {
  redis = await new FakeRedis().start();
});
afterEach(async () => {
  connection?.close();
  connection = undefined;
  await redis.stop();
});

/** The lines in the order that counts, or what else was found. */
function shown(content: KeyContent): string {
  if (content.state === 'missing') return 'missing';
  if (content.state === 'wrong-type') return `a ${content.type}`;
  return (content.unordered ? sortLines(content.bytes) : content.bytes).toString();
}

interface KeyCase {
  readonly name: string;
  readonly value?: Value;
  readonly list?: string;
  readonly map?: string;
}

const cases: readonly KeyCase[] = [
  { name: 'no key', list: 'missing', map: 'missing' },
  { name: 'a string, as it is', value: 'b\na\n', list: 'b\na\n', map: 'b\na\n' },
  { name: 'an empty string', value: '', list: '', map: '' },
  { name: 'a string that is not UTF-8', value: Buffer.from([0x61, 0xff]), list: 'a\ufffd', map: 'a\ufffd' },
  {
    name: 'a set, by its bytes',
    value: new Set(['b', 'Z', '\u{1f600}', '\uffee', 'a', 'a#1', '']),
    list: '\nZ\na\na#1\nb\n\uffee\n\u{1f600}\n',
  },
  { name: 'an entry with a line break for no two', value: new Set(['a\nb', 'c']), list: 'a\u2028b\nc\n' },
  {
    name: 'a hash, for the map alone',
    value: new Map([
      ['To:b.example', 'RELAY'],
      ['To:a.example', 'REJECT'],
    ]),
    list: 'a hash',
    map: 'To:a.example\tREJECT\nTo:b.example\tRELAY\n',
  },
  { name: 'no sorted set', value: { type: 'zset' }, list: 'a zset', map: 'a zset' },
];

describe('readKey', () => {
  for (const version of [5, 6] as const) {
    for (const { name, value, list, map } of cases) {
      it(`reads ${name}, with version ${version} of the client`, async () => {
        if (value !== undefined) redis.set('key', value);
        const { ask } = await connected(version);
        if (list !== undefined) assert.equal(shown(await readKey(ask, 'key', false)), list);
        if (map !== undefined) assert.equal(shown(await readKey(ask, 'key', true)), map);
      });
    }
  }

  const many = (from: number) => new Set(Array.from({ length: 2500 }, (_, i) => `${from + i}.example`));
  const sorted = (set: ReadonlySet<string>) => `${[...set].sort().join('\n')}\n`;

  it('reads a large set in slices', async () => {
    redis.set('key', many(10_000));
    const { ask } = await connected();
    assert.equal(shown(await readKey(ask, 'key', false)), sorted(many(10_000)));
    assert.ok(redis.asked.filter((command) => command.startsWith('SSCAN key')).length >= 3);
    assert.ok(redis.asked.includes('EXEC'));
  });

  it('takes no mixture where the set becomes another while it is read', async () => {
    redis.set('key', many(10_000));
    const { ask } = await connected();
    redis.before = (command) => {
      if (/^SSCAN key 1000 /.test(command)) redis.set('key', many(20_000));
    };
    assert.equal(shown(await readKey(ask, 'key', false)), sorted(many(20_000)));
  });

  it('looks again where the key becomes of another type meanwhile', async () => {
    redis.add('key', 'a.example');
    const { ask } = await connected();
    redis.before = (command) => {
      if (command.startsWith('SSCAN') && redis.get('key') instanceof Set) redis.set('key', 'b.example\n');
    };
    assert.equal(shown(await readKey(ask, 'key', false)), 'b.example\n');
  });

  it('finds nothing where the set goes away meanwhile', async () => {
    redis.add('key', 'a.example');
    const { ask } = await connected();
    redis.before = (command) => {
      if (command.startsWith('SSCAN')) redis.delete('key');
    };
    assert.equal(shown(await readKey(ask, 'key', false)), 'missing');
  });

  it('rejects where it may not read', async () => {
    redis.add('key', 'a.example');
    redis.forbidden.add('SSCAN');
    const { ask } = await connected();
    await assert.rejects(readKey(ask, 'key', false), /unknown command 'SSCAN'/);
  });

  it('rejects rather than take a part for the whole', async () => {
    const parts: Ask = async ([name, , cursor]) => {
      if (name === 'TYPE') return 'set';
      if (name === 'SSCAN') return [cursor === '0' ? '7' : '0', ['a.example']];
      return name === 'EXEC' ? null : 'OK';
    };
    await assert.rejects(readKey(parts, 'key', false), /less than all/);
  });
});

describe('sortLines', () => {
  it('gives each line once', () => {
    assert.equal(sortLines(Buffer.from('b\na\nb\n')).toString(), 'a\nb\n');
  });
});
