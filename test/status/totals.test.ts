import assert from 'node:assert/strict';
import { type EntryCount, EventRecord, type Events, mostEntries, mostPermitted } from '../../src/status/event-record';
import { rules } from '../../src/status/rules';
import { Totals } from '../../src/status/totals';

function events(part: Partial<Events>): Events {
  return { ...new EventRecord().collect(), ...part };
}

const refused = { plugin: 'relay', outcome: 'refuse', rule: 'relay-denied', observed: false } as const;
const match = (line: number, hash: string, count = 1): EntryCount => ({
  ...{ list: 'local_ip', file: 'localip', line, hash, count, last: line * 1000 },
});

function recent(outcome: 'refuse' | 'permit', rcpt: string) {
  const facts = { hook: 'rcpt', generation: 1, ip: '192.0.2.1', ptr: '', helo: '', from: '', reply: '' };
  return { ...refused, outcome, time: 1, rcpt, ...facts };
}

describe('Totals', () => {
  it('begin with every rule at zero, observed and not', () => {
    const { decisions } = new Totals();
    const expected = Object.values(rules).flatMap((byOutcome) => Object.values(byOutcome).flat()).length * 2;
    assert.equal(decisions.length, expected);
    assert.ok(decisions.every(({ count }) => count === 0));
  });

  it('add each report once, whichever process it is from, and a rule that is not known here', () => {
    const totals = new Totals();
    totals.add(events({ decisions: [{ ...refused, count: 3 }], faults: { rcpt: 1 } }), 10);
    totals.add(events({ decisions: [{ ...refused, count: 4 }], faults: { rcpt: 1, connect: 2 } }), 10);
    totals.add(events({ decisions: [{ ...refused, rule: 'of-tomorrow', count: 1 }] }), 10);
    const counted = totals.decisions.filter(({ count }) => count > 0).map(({ rule, count }) => `${rule} ${count}`);
    assert.deepEqual(counted, ['relay-denied 7', 'of-tomorrow 1']);
    assert.deepEqual(Object.fromEntries(totals.faults), { rcpt: 2, connect: 2 });
  });

  it('keep the last decisions, the permitted ones apart, and number them', () => {
    const totals = new Totals();
    const many = Array.from({ length: 150 }, (_, i) => recent('permit', `p${i}`));
    totals.add(events({ recent: [recent('refuse', 'a'), ...many] }), 200);
    totals.add(events({ recent: [recent('refuse', 'b')] }), 200);
    const rows = totals.recent.map(({ number, rcpt }) => `${number} ${rcpt}`);
    assert.equal(rows.length, mostPermitted + 2);
    assert.deepEqual([rows[0], rows[1], rows.at(-1)], ['1 a', '52 p50', '152 b']);
    totals.add(events({}), 1);
    assert.deepEqual(
      totals.recent.map(({ rcpt }) => rcpt),
      ['p149', 'b'],
    );
  });

  const edits: readonly {
    name: string;
    before: string[];
    after: string[] | undefined;
    rows: string[];
    lost: number;
  }[] = [
    {
      name: 'where their lines have moved to',
      before: ['a', 'b'],
      after: ['# new', 'b', 'a'],
      rows: ['3 a 2', '2 b 3'],
      lost: 0,
    },
    { name: 'unless they are no longer listed', before: ['a', 'b'], after: ['b'], rows: ['1 b 3'], lost: 2 },
    { name: 'unless the texts cannot be had', before: ['a', 'b'], after: undefined, rows: [], lost: 5 },
  ];
  for (const { name, before, after, rows, lost } of edits) {
    it(`count the matches of entries across an edit, ${name}`, () => {
      const totals = new Totals();
      totals.add(events({ entries: [match(1, 'one', 2), match(2, 'one', 3)] }), 10);
      assert.ok(totals.lacksTexts('local_ip', 'one'));
      totals.name('local_ip', 'one', before);
      assert.ok(!totals.lacksTexts('local_ip', 'one'));
      assert.ok(totals.lacksTexts('local_ip', 'two'));
      totals.name('local_ip', 'two', after);
      assert.deepEqual(
        totals.entries.map(({ line, text, count }) => `${line} ${text} ${count}`),
        rows,
      );
      assert.equal(totals.unlisted, lost);
      // The decisions of before still show what decided.
      assert.equal(totals.textOf(match(1, 'one')), 'a');
    });
  }

  it('leave alone what a worker has matched in a version that is not in force here yet, or in another list', () => {
    const totals = new Totals();
    totals.name('local_ip', 'one', ['a']);
    totals.add(events({ entries: [match(1, 'two'), { ...match(1, 'one'), list: 'hosts' }] }), 10);
    totals.name('local_ip', 'one', ['a']);
    totals.name('local_ip', 'two', ['b', 'a']);
    assert.deepEqual(
      totals.entries.map(({ list, text }) => `${list} ${text}`),
      ['hosts undefined', 'local_ip b'],
    );
  });

  it('are bounded', () => {
    const totals = new Totals();
    for (let i = 0; i < 3; i++) {
      const entries = Array.from({ length: mostEntries }, (_, line) => match(line + 1, `v${i}`));
      totals.add(events({ entries, decisions: [{ ...refused, rule: `rule-${i}`, count: 1 }] }), 10);
    }
    assert.equal(totals.entries.length, mostEntries);
    assert.equal(totals.unlisted, 2 * mostEntries);
    for (let i = 0; i < 2000; i++) totals.add(events({ decisions: [{ ...refused, rule: `rule-${i}`, count: 1 }] }), 10);
    assert.ok(totals.decisions.length <= 1000);
  });
});
