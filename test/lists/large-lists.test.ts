/** What the lists of core take of the process's memory. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseList } from '../../src/policy/entries/list';
import { buffersIn } from '../../testkit/buffers';

const megabyte = 1 << 20;
/** The system gets back whatever is at least as long. */
const givenBack = 32 * megabyte;

const lines = {
  'IPv4 addresses': Array.from({ length: 100_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`),
  'IPv6 addresses': Array.from(
    { length: 100_000 },
    (_, i) => `2001:db8::${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}`,
  ),
  domains: Array.from({ length: 100_000 }, (_, i) => `host-${i}.some-where.example.org`),
};

describe('a large list', () => {
  for (const [what, list] of Object.entries(lines)) {
    it(`lies in memory that the system gets back: ${what}`, () => {
      const { data } = parseList('hosts', 'host.deny', list.join('\n'));
      const sizes = buffersIn(data).map((buffer) => buffer.byteLength);
      assert.ok(sizes.includes(givenBack), 'something of it is large');
      assert.deepEqual(
        sizes.filter((bytes) => bytes >= megabyte && bytes < givenBack),
        [],
      );
    });
  }

  it('holds nothing of the text that it was made from', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapUsed = () => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = heapUsed();
    const { data } = parseWithLongComment();
    const more = heapUsed() - before;
    assert.ok(data);
    assert.ok(more < 16 * megabyte, `${more} bytes more on the heap`);
  });
});

function parseWithLongComment() {
  return parseList('hosts', 'host.deny', `# ${'-'.repeat(32 * megabyte)}\n${lines.domains.slice(0, 10).join('\n')}`);
}
