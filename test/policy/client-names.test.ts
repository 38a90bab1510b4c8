import assert from 'node:assert/strict';
import { isForged, noNames, unaskedNames, unknownNames } from '../../src/policy/client-names';
import { named } from '../../testkit/core';

describe('isForged', () => {
  it('holds where there are names and none leads back, and nowhere else', () => {
    const name = 'mail.example.org';
    assert.ok(isForged(named([name])));
    assert.ok(!isForged(named([name], [name])));
    assert.ok(!isForged(named([name], [], [name])), 'it may yet lead back');
    for (const names of [unaskedNames, noNames, unknownNames]) assert.ok(!isForged(names), names.state);
  });
});

describe('a client without names', () => {
  it('has none to permit or to deny by', () => {
    for (const { claimed, confirmed, unresolved } of [unaskedNames, noNames, unknownNames]) {
      assert.deepEqual([claimed, confirmed, unresolved], [[], [], []]);
    }
    assert.deepEqual([unaskedNames.state, noNames.state, unknownNames.state], ['unasked', 'none', 'unknown']);
  });
});
