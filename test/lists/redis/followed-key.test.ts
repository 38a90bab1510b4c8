/** What a key of Redis gives where two of its reads overlap, as they do while a way to the server replaces another. */
import assert from 'node:assert/strict';
import { type ListSetting, listSettings } from '../../../src/lists/list-settings';
import { workerThreshold } from '../../../src/lists/parsing/parse-worker-client';
import { FollowedKey } from '../../../src/lists/redis/followed-key';
import type { Ask } from '../../../src/lists/redis/redis-key';
import { PolicyList } from '../../../src/policy/entries/list';
import { address } from '../../../testkit/core';

const listSetting = listSettings.find(({ name }) => name === 'hosts') as ListSetting;
const maxAge = 1000;

/** A server whose key holds this text. */
const holding =
  (text: string): Ask =>
  async ([command]) =>
    command === 'TYPE' ? 'string' : text;

/** A server that answers only when it is let. */
function held(answer: () => unknown): { readonly ask: Ask; release(): void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { ask: () => released.then(answer), release };
}

function followed() {
  const said: string[] = [];
  const say = (...lines: readonly string[]) => void said.push(lines.join('\n'));
  const log = { loginfo: say, lognotice: say, logwarn: say, logerror: say };
  const key = new FollowedKey(listSetting, { name: 'redis:host.deny', key: 'host.deny' }, 0, log);
  const denies = (client: string) => {
    const list = new PolicyList(key.content?.value as ConstructorParameters<typeof PolicyList>[0]);
    return list.findAddress(address(client)) !== undefined;
  };
  return { key, said, denies };
}

interface LateCase {
  readonly name: string;
  /** What TYPE and GET answer in the end. */
  readonly answers: readonly unknown[];
}
const late: readonly LateCase[] = [
  { name: 'an older content', answers: ['string', '198.51.100.1'] },
  { name: 'a large older content, parsed apart', answers: ['string', '198.51.100.1\n'.padEnd(workerThreshold, '#')] },
  { name: 'an older content with a fault', answers: ['string', '198.51.100.1/8'] },
  { name: 'that the key was of another type', answers: ['list'] },
  { name: 'that the key was missing', answers: ['none'] },
  { name: 'that it could not be read', answers: [new Error('the connection has ended')] },
];

describe('a key that is read again before its last read has ended', () => {
  for (const { name, answers } of late) {
    it(`keeps the newer content where the older read finds ${name}`, async () => {
      const { key, said, denies } = followed();
      await key.read(holding('198.51.100.3'));
      const left = [...answers];
      const server = held(() => {
        const answer = left.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      });
      const older = key.read(server.ask);
      assert.equal(await key.read(holding('198.51.100.2')), true);
      const { content, took } = key;
      const countsUntil = key.countsUntil(maxAge);
      server.release();
      assert.equal(await older, false);
      assert.ok(denies('198.51.100.2') && !denies('198.51.100.1'));
      assert.equal(key.content, content);
      assert.equal(key.state, 'current');
      assert.equal(key.took, took);
      assert.equal(key.countsUntil(maxAge), countsUntil);
      assert.deepEqual(said, []);
    });
  }

  it('has to be read still where a notice came during the newer read', async () => {
    const { key } = followed();
    const server = held(() => 'none');
    const older = key.read(server.ask);
    const newer = key.read(holding('198.51.100.2'));
    key.state = 'changed';
    await newer;
    server.release();
    await older;
    assert.equal(key.state, 'changed');
  });

  it('takes the newer content where it is that of the time before', async () => {
    const { key, denies } = followed();
    await key.read(holding('198.51.100.1'));
    const large = '198.51.100.2\n'.padEnd(workerThreshold, '#');
    const older = key.read(holding(large));
    await key.read(holding('198.51.100.1'));
    await older;
    assert.ok(denies('198.51.100.1') && !denies('198.51.100.2'));
  });
});

describe('a read that is abandoned', () => {
  it('changes nothing', async () => {
    const { key, denies } = followed();
    await key.read(holding('198.51.100.1'));
    const older = key.read(holding('198.51.100.2'));
    key.abandonRead();
    assert.equal(await older, false);
    assert.ok(denies('198.51.100.1') && !denies('198.51.100.2'));
  });
});
