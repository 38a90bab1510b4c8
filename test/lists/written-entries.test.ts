import assert from 'node:assert/strict';
import { changeBetween } from '../../src/lists/list-change';
import { type ListId, listSettings } from '../../src/lists/list-settings';
import type { Version } from '../../src/lists/list-state';
import { emptyList, type ListContent, longestKeptText, parseBytes } from '../../src/lists/parsing/parse-bytes';
import { WrittenEntries } from '../../src/lists/written-entries';
import { formatInstant } from '../../src/policy/attributes/instant';

function version(name: ListId, text: string, file: string = name): Version<ListContent> {
  const { data, hash } = parseBytes(Buffer.from(text), { name, file });
  assert.ok(data, text);
  return { file, value: data, hash, fingerprint: '' };
}

const missing = (name: ListId): Version<ListContent> => ({
  ...{ file: name, value: emptyList(name, name), hash: 'missing', fingerprint: '' },
});

function indexOf(given: Partial<Record<ListId, Version<ListContent>>>): WrittenEntries {
  const versions = Object.fromEntries(listSettings.map(({ name }) => [name, given[name] ?? missing(name)]));
  return new WrittenEntries(versions as Record<ListId, Version<ListContent>>);
}

const long = `192.0.2.1  # first\n${'# filler\n'.repeat(longestKeptText / 8)}`;

describe('WrittenEntries', () => {
  const text =
    '\ufeff# heading\r\n192.0.2.1\r\n  192.0.2.2   # the lab, 2nd floor  \r\n192.0.2.3#glued\r\n192.0.2.4  #\r\n';
  const lines: readonly (readonly [line: number, text: string | undefined, comment: string | undefined])[] = [
    [1, '# heading', undefined],
    [2, '192.0.2.1', undefined],
    [3, '192.0.2.2   # the lab, 2nd floor', 'the lab, 2nd floor'],
    [4, '192.0.2.3#glued', 'glued'],
    [5, '192.0.2.4  #', undefined],
    [99, undefined, undefined],
    [0, undefined, undefined],
  ];
  for (const [line, written, comment] of lines) {
    it(`has line ${line} as ${JSON.stringify(written)}, with the comment ${JSON.stringify(comment)}`, () => {
      const local = version('local_ip', text, 'localip');
      const entry = indexOf({ local_ip: local }).at({ file: 'localip', line });
      assert.deepEqual([entry?.text, entry?.comment], [written, comment]);
      assert.deepEqual([entry?.list, entry?.file, entry?.hash], ['local_ip', 'localip', local.hash]);
    });
  }

  it('knows no entry of a file that is in force for no list', () => {
    assert.equal(indexOf({}).at({ file: 'elsewhere', line: 1 }), undefined);
  });

  it('has the place of an entry, and not its text, where the list is long', () => {
    const entry = indexOf({ local_ip: version('local_ip', long) }).at({ file: 'local_ip', line: 1 });
    assert.deepEqual([entry?.line, entry?.text, entry?.comment], [1, undefined, undefined]);
  });

  it('has the attributes of an entry with the exact instant, and none of the text of a reply', () => {
    const end = formatInstant(Date.UTC(2036, 0, 1));
    const entries = indexOf({
      local_ip: version(
        'local_ip',
        '192.0.2.1 until=2036-01-01T00:00Z from=B.example,a.example # note\n192.0.2.2\n',
        'localip',
      ),
      relay_map: version('relay_map', 'To:a.example 550 see from=here until=2036-01-01T00:00Z\n', 'relay.map'),
    });
    const attributesAt = (file: string, line: number) => entries.at({ file, line })?.attributes;
    assert.equal(attributesAt('localip', 1), `from=a.example,b.example until=${end}`);
    assert.equal(attributesAt('localip', 2), undefined);
    assert.equal(attributesAt('relay.map', 1), `until=${end}`);
  });

  it('has of a long line and a long comment the beginning', () => {
    const entry = indexOf({ local_ip: version('local_ip', `192.0.2.1 # ${'x'.repeat(5000)}`) });
    const { text = '', comment = '' } = entry.at({ file: 'local_ip', line: 1 }) ?? {};
    assert.deepEqual([text.length, comment.length], [400, 120]);
  });
});

describe('the change of a list', () => {
  const cases: readonly (readonly [
    before: string | undefined,
    after: string | undefined,
    change: string | undefined,
  ])[] = [
    ['192.0.2.1\n', '192.0.2.1\n192.0.2.2\n', '+1 -0'],
    ['192.0.2.1\n192.0.2.2\n', '# new\n192.0.2.3\n192.0.2.2  # why\n', '+1 -1'],
    ['192.0.2.1\n', '# only a comment\n192.0.2.1\n', '+0 -0'],
    ['192.0.2.1\n', undefined, '+0 -1'],
    [undefined, '192.0.2.1\n', '+1 -0'],
    [long, '192.0.2.1\n', undefined],
  ];
  for (const [before, after, change] of cases) {
    it(`from ${JSON.stringify(before?.slice(0, 40))} to ${JSON.stringify(after)} is ${change}`, () => {
      const of = (text: string | undefined) => (text === undefined ? missing('local_ip') : version('local_ip', text));
      assert.equal(changeBetween(of(before), of(after)), change);
    });
  }
});
