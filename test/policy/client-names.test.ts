import assert from 'node:assert/strict';
import {
  type ClientNames,
  formatNames,
  isForged,
  noNames,
  parseNames,
  unaskedNames,
  unknownNames,
} from '../../src/policy/client-names';
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

const known: ClientNames = {
  state: 'known',
  claimed: ['a.example', 'b.example', 'c_1.example'],
  confirmed: ['a.example'],
  unresolved: ['c_1.example'],
};

describe('client names in the log', () => {
  it('are read as they were written', () => {
    for (const names of [noNames, unknownNames, known]) {
      assert.deepEqual(parseNames(formatNames(names)), { ...names, areChecked: true });
    }
    const claims = { ...known, confirmed: [], unresolved: [] };
    assert.deepEqual(parseNames(formatNames(claims, 'claimed')), { ...claims, areChecked: false });
    assert.equal(parseNames('a.example confirmed, b.example claimed')?.areChecked, false);
    assert.equal(formatNames(unaskedNames), '');
  });

  it('are not read where a name is not there in full, or the text is another', () => {
    for (const claimed of ['x, y.example confirmed', 'a b', 'a\\046b', 'A', ''])
      assert.equal(parseNames(formatNames({ ...known, claimed: ['a.example', claimed] })), undefined, claimed);
    for (const text of ['', 'a.example', 'a.example confirmed,b.example forged', 'a.example trusted', 'none, unknown'])
      assert.equal(parseNames(text), undefined, text);
  });

  it('that look like a state of the look-up are names', () => {
    assert.deepEqual(parseNames(formatNames({ ...known, claimed: ['none'] }, 'claimed'))?.claimed, ['none']);
  });
});
