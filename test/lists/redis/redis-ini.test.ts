/** `redis.ini`: read as Haraka reads it, and followed without Haraka. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileFollower } from '../../../src/lists/files/file-follower';
import { RedisClientFactory } from '../../../src/lists/redis/redis-client-factory';
import { parseRedisIni, RedisIniFile } from '../../../src/lists/redis/redis-ini';
import { makeFolder } from '../../../testkit/folder';
import { harakaConfig, redisIni } from '../../../testkit/redis-clients';
import { until } from '../../../testkit/until';

const texts: Readonly<Record<string, string>> = {
  nothing: '',
  'comments alone': '; [server]\n# host=db.example\n',
  'a server': '[server]\nhost=db.example\nport=6380\n',
  'blanks and CRLF': ' [ server ]\r\n  host = db.example \r\nport\t=\t6380\r\n',
  'a BOM': '\ufeff[server]\nhost=db.example',
  'options beside the server': '[opts]\ndatabase=2\npassword=0123\n[server]\nusername=haraka\npassword=a=b#c;d\n',
  'a section in two parts': '[server]\nhost=db.example\n[pubsub]\nport=-1\n[server]\nhost=other.example\n',
  'keys before any section': 'db=5\n[server]\npath=/run/redis.sock\ntls=true\n',
  'a line that is none': '[server]\n]\nport=6380\n',
};

describe('parseRedisIni', () => {
  for (const [name, text] of Object.entries(texts)) {
    it(`reads ${name} as Haraka does`, () => {
      const folder = makeFolder({ 'config/redis.ini': text });
      const config = harakaConfig(folder.path);
      try {
        assert.equal(JSON.stringify(parseRedisIni(text)), JSON.stringify(config.get('redis.ini')));
      } finally {
        config.stop_watching('redis.ini');
      }
    });
  }
});

describe('redis.ini with a character that may hide a part of it', () => {
  const hidden = `; see below\r[server]\rport=6381\r`;
  const message = /redis\.ini:1: bad-characters: .* has the character U\+000D/;

  it('is not read', () => {
    assert.throws(() => parseRedisIni(hidden), message);
    assert.throws(() => new RedisIniFile(makeFolder({ 'redis.ini': hidden }).path, console as never).get(), message);
  });
});

describe('redis.ini while Haraka runs', () => {
  const closing: { close(): void }[] = [];
  afterEach(() => {
    for (const following of closing.splice(0)) following.close();
  });

  function follow(files: Readonly<Record<string, string>>, settle = 100) {
    const folder = makeFolder(files);
    const said: string[] = [];
    const factory = new RedisClientFactory(
      new RedisIniFile(folder.path, {
        loginfo() {},
        lognotice() {},
        logwarn() {},
        logerror: (...lines) => void said.push(lines.join('\n')),
      }),
      [__filename],
    );
    const ports: unknown[] = [];
    const port = () => factory.optionsFor(undefined).socket.port;
    const follower = new FileFollower(
      () => factory.files,
      () => ({ poll: 200, settle }),
    );
    closing.push(follower);
    const start = () => factory.follow(() => ports.push(port()));
    start();
    follower.follow();
    return { folder, said, factory, start, port, ports };
  }

  it('is taken when it is another, and told of only where it leads elsewhere', async () => {
    const { folder, port, ports } = follow({ 'redis.ini': redisIni(6380) });
    assert.equal(port(), 6380);
    folder.write('redis.ini', `${redisIni(6380)}; the same\n[pubsub]\nport=6390\n`);
    await sleep(600);
    assert.deepEqual(ports, []);
    folder.write('redis.ini', redisIni(6381));
    await until('it is told of', () => ports.length > 0);
    assert.deepEqual(ports, [6381]);
    folder.write('other', redisIni(6382));
    fs.renameSync(folder.file('other'), folder.file('redis.ini'));
    await until('it is told of', () => ports.length > 1);
    assert.deepEqual(ports, [6381, 6382]);
  });

  it('stays as it was where a character may hide a part of what it is now', async () => {
    const { folder, said, factory, ports } = follow({ 'redis.ini': redisIni(6380) });
    assert.equal(factory.optionsFor(undefined).socket.port, 6380);
    folder.write('redis.ini', '; see below\r[server]\rport=6381\r');
    await until('it is told of', () => said.length > 0);
    assert.match(said.join(), /^rejected, the last good version stays in force:\n {2}redis\.ini:1: bad-characters: /);
    assert.deepEqual(ports, []);
    folder.write('redis.ini', redisIni(6382));
    await until('it is mended', () => ports.length > 0);
    assert.deepEqual(ports, [6382]);
    assert.equal(said.length, 1);
  });

  it('is found by the poll where no event comes', async () => {
    const elsewhere = makeFolder({ 'redis.ini': redisIni(6381) });
    const { folder, port, ports } = follow({});
    assert.equal(port(), '6379');
    fs.symlinkSync(elsewhere.file('redis.ini'), folder.file('redis.ini'));
    await until('it is taken', () => ports.length === 1);
    elsewhere.write('redis.ini', redisIni(6382));
    await until('it is taken', () => ports.length === 2);
    assert.deepEqual(ports, [6381, 6382]);
  });

  it('is not taken half-written', async () => {
    const { folder, port, ports } = follow({ 'redis.ini': redisIni(6380) }, 500);
    assert.equal(port(), 6380);
    const file = fs.openSync(folder.file('redis.ini'), 'w');
    for (const part of ['[server]\n', 'port=63\n', 'port=638\n', 'port=6381\n']) {
      fs.writeSync(file, part);
      await sleep(60);
    }
    fs.closeSync(file);
    await until('it is taken', () => ports.length > 0);
    assert.deepEqual(ports, [6381]);
  });

  interface BrokenCase {
    readonly name: string;
    /** After it is gone. */
    spoil(file: string): void;
    readonly says: RegExp;
  }
  const broken: readonly BrokenCase[] = [
    { name: 'deleted', spoil: () => {}, says: /^redis\.ini was deleted: its last content stays in force$/ },
    {
      name: 'unreadable',
      spoil: (file) => fs.mkdirSync(file),
      says: /^rejected, the last good version stays in force:\n {2}redis\.ini:1: file-unreadable: .*it is a directory/,
    },
  ];
  for (const { name, spoil, says } of broken) {
    it(`stays as it was when it is ${name}, which is told of once`, async () => {
      const { folder, said, port, ports } = follow({ 'redis.ini': redisIni(6380) });
      assert.equal(port(), 6380);
      folder.remove('redis.ini');
      spoil(folder.file('redis.ini'));
      await until('it is told of', () => said.length > 0);
      await sleep(600);
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', says);
      assert.equal(port(), 6380);
      assert.deepEqual(ports, []);
      fs.rmSync(folder.file('redis.ini'), { recursive: true, force: true });
      folder.write('redis.ini', redisIni(6381));
      await until('it is taken', () => ports.length > 0);
      assert.deepEqual(ports, [6381]);
    });
  }

  it('leads nowhere as long as it has never been readable', async () => {
    const { folder, port, ports } = follow({ 'redis.ini/x': '' });
    assert.throws(port, /^Error: redis\.ini cannot be read: it is a directory$/);
    folder.remove('redis.ini');
    folder.write('redis.ini', redisIni(6381));
    await until('it is taken', () => ports.length > 0);
    assert.deepEqual(ports, [6381]);
  });

  it('is not followed any more once it is left, and read anew when it is wanted again', async () => {
    const { folder, factory, start, port, ports } = follow({ 'redis.ini': redisIni(6380) });
    assert.equal(port(), 6380);
    factory.stopFollowing();
    folder.write('redis.ini', redisIni(6381));
    await sleep(600);
    assert.deepEqual(ports, []);
    assert.equal(port(), 6381);
    start();
    folder.write('redis.ini', redisIni(6382));
    await until('it is taken', () => ports.length > 0);
    assert.deepEqual(ports, [6382]);
  });
});
