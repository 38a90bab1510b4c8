import assert from 'node:assert/strict';
import { nearest } from '../../../src/policy/settings/suggest';

const known = ['restriction', 'local_ip', 'local_domain', 'relay_to', 'at', 'hosts'];

const cases: readonly { readonly written: string; readonly is: string | undefined }[] = [
  { written: 'restriction', is: 'restriction' },
  { written: 'restricton', is: 'restriction' },
  { written: 'RESTRICTION', is: 'restriction' },
  { written: 'localip', is: 'local_ip' },
  { written: 'local-domain', is: 'local_domain' },
  { written: 'host', is: 'hosts' },
  { written: 'ta', is: 'at' },
  { written: 'relya_to', is: 'relay_to' },
  { written: 'tax', is: undefined },
  { written: 'a', is: 'at' },
  { written: 'timeout', is: undefined },
  { written: '', is: undefined },
  { written: 'restriction'.repeat(5), is: undefined },
];

describe('nearest', () => {
  for (const { written, is } of cases) {
    it(`offers ${is ?? 'nothing'} for ${JSON.stringify(written.slice(0, 20))}`, () =>
      assert.equal(nearest(written, known), is));
  }

  it('takes a swap of neighbours for one slip, and nothing like it', () => {
    assert.equal(nearest('ya', ['ay']), 'ay');
    assert.equal(nearest('xa', ['ay']), undefined);
    assert.equal(nearest('ax', ['ya']), undefined);
  });

  it('offers the first of equally near words, and nothing where nothing is known', () => {
    assert.equal(nearest('cat', ['bat', 'hat']), 'bat');
    assert.equal(nearest('cat', []), undefined);
  });
});
