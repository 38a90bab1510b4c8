import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compareTimes, median, spread, withoutName } from '../../../src/cli/audit/compare';
import { compareReplies, type Sample } from '../../../src/cli/audit/users';

describe('compareTimes', () => {
  const cases = [
    { name: 'equal times', a: [10, 11, 10, 12, 10], b: [11, 10, 10, 11, 12], differs: false },
    {
      name: 'a steady gap of a tenth of a second',
      a: [110, 112, 109, 111, 110],
      b: [10, 11, 10, 12, 10],
      differs: true,
    },
    { name: 'the same gap the other way round', a: [10, 11, 10, 12, 10], b: [110, 112, 109, 111, 110], differs: true },
    { name: 'one slow reply among fast ones', a: [900, 10, 11, 10, 12], b: [10, 11, 10, 11, 10], differs: false },
    { name: 'a gap within wide noise', a: [20, 90, 150, 40, 120], b: [10, 60, 100, 30, 70], differs: false },
    { name: 'a steady gap too small to mean anything', a: [12, 12, 12, 12, 12], b: [2, 2, 2, 2, 2], differs: false },
    { name: 'too few samples', a: [110, 110, 110], b: [10, 10, 10], differs: false },
  ];
  for (const { name, a, b, differs } of cases) {
    it(`${differs ? 'sees' : 'does not take for a difference'} ${name}`, () => {
      assert.equal(compareTimes(a, b).differs, differs);
    });
  }

  it('never sees a difference between a list and itself shuffled', () => {
    const times = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(times, (list) => !compareTimes(list, [...list].reverse()).differs),
      { seed: 7 },
    );
  });

  it('takes the middle, and the middle distance from it', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(spread([1, 2, 3, 100]), 1);
  });
});

describe('compareReplies', () => {
  const sample = (name: string, likely: boolean, reply: string): Sample => ({
    name,
    likely,
    reply,
    accepted: false,
    ms: 1,
  });
  const cases = [
    {
      name: 'only the name asked for',
      samples: [sample('root', true, '550 root... User unknown'), sample('zz-1', false, '550 zz-1... User unknown')],
      differs: false,
      noisy: false,
    },
    {
      name: 'the code',
      samples: [sample('root', true, '252 Try it'), sample('zz-1', false, '550 No')],
      differs: true,
      noisy: false,
    },
    {
      name: 'only a queue id',
      samples: [sample('root', true, '250 OK 4F1A9C2B'), sample('zz-1', false, '250 OK 4F1A9C2D')],
      differs: false,
      noisy: false,
    },
    {
      name: 'the shape of what was asked, not the user',
      samples: [
        sample('root', true, '252 Try it'),
        sample('zz-1', false, '252 Try it'),
        sample('root@a.example.org', true, '550 No relaying'),
        sample('zz-2@a.example.org', false, '550 No relaying'),
      ],
      differs: false,
      noisy: false,
    },
    {
      name: 'chance: random names differ among themselves',
      samples: [sample('root', true, '252 A'), sample('zz-1', false, '252 B'), sample('zz-2', false, '252 C')],
      differs: false,
      noisy: true,
    },
  ];
  for (const { name, samples, differs, noisy } of cases) {
    it(`${differs ? 'tells' : 'tells nothing'} where the replies differ by ${name}`, () => {
      const comparison = compareReplies(samples);
      assert.deepEqual([comparison.difference !== undefined, comparison.noisy], [differs, noisy]);
    });
  }

  it('takes a name out of a reply wherever it stands, whatever it holds', () => {
    assert.equal(withoutName('250 <a+b@x.example.org> ok', 'a+b@x.example.org'), '250 <<name>> ok');
    assert.equal(withoutName('550 A.B... unknown', 'a.b@x.example.org'), '550 <name>... unknown');
  });
});
