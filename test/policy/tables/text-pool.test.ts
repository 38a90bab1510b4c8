import assert from 'node:assert/strict';
import { TextPoolBuilder, textAt } from '../../../src/policy/tables/text-pool';

describe('a pool of texts', () => {
  it('keeps each, characters of a single byte beyond ASCII too', () => {
    const texts = ['mail.example.org', '', 'caf\u00e9', '\u00ff'];
    const pool = new TextPoolBuilder();
    for (const text of texts) pool.add(text);
    const data = pool.build();
    assert.deepEqual(
      texts.map((_, i) => textAt(data, i)),
      texts,
    );
  });
});
