/** What a list in Redis is where two reads of its key overlap, as they do while a connection replaces another. */
import assert from 'node:assert/strict';
import { type ListSetting, listSettings } from '../../../src/lists/list-settings';
import { workerThreshold } from '../../../src/lists/parsing/parse-worker-client';
import type { Ask } from '../../../src/lists/redis/key-reader';
import { RedisListSubscription } from '../../../src/lists/redis/redis-list-subscription';
import { PolicyList } from '../../../src/policy/entries/list';
import { address, now } from '../../../testkit/core';

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

const wanted = () => true;

function followed() {
  const said: string[] = [];
  const say = (...lines: readonly string[]) => void said.push(lines.join('\n'));
  const log = { loginfo: say, lognotice: say, logwarn: say, logerror: say };
  const list = new RedisListSubscription(listSetting, { name: 'redis:host.deny', key: 'host.deny' }, 0, log);
  const denies = (client: string) => {
    const content = new PolicyList(list.content?.value as ConstructorParameters<typeof PolicyList>[0]);
    return content.findAddress(address(client), now) !== undefined;
  };
  return { list, said, denies };
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
      const { list, said, denies } = followed();
      await list.read(holding('198.51.100.3'), wanted);
      const left = [...answers];
      const server = held(() => {
        const answer = left.shift();
        if (answer instanceof Error) throw answer;
        return answer;
      });
      let olderIsWanted = true;
      const older = list.read(server.ask, () => olderIsWanted);
      olderIsWanted = false;
      assert.equal(await list.read(holding('198.51.100.2'), wanted), true);
      const { content, readTime } = list;
      const countsUntil = list.countsUntil(maxAge);
      server.release();
      assert.equal(await older, false);
      assert.ok(denies('198.51.100.2') && !denies('198.51.100.1'));
      assert.equal(list.content, content);
      assert.equal(list.readTime, readTime);
      assert.equal(list.countsUntil(maxAge), countsUntil);
      assert.deepEqual(said, []);
    });
  }

  it('takes the newer content where it is that of the time before', async () => {
    const { list, denies } = followed();
    await list.read(holding('198.51.100.1'), wanted);
    const large = '198.51.100.2\n'.padEnd(workerThreshold, '#');
    const older = list.read(holding(large), () => false);
    await list.read(holding('198.51.100.1'), wanted);
    await older;
    assert.ok(denies('198.51.100.1') && !denies('198.51.100.2'));
  });
});

describe('a read that is abandoned', () => {
  it('changes nothing', async () => {
    const { list, denies } = followed();
    await list.read(holding('198.51.100.1'), wanted);
    assert.equal(await list.read(holding('198.51.100.2'), () => false), false);
    assert.ok(denies('198.51.100.1') && !denies('198.51.100.2'));
  });
});
