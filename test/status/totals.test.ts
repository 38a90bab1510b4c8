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

  it('count an entry that is known by its text on whatever line it stands, and another by its version', () => {
    const totals = new Totals();
    const named = (line: number, hash: string, text: string) => ({ ...match(line, hash), text });
    totals.add(events({ entries: [named(1, 'one', 'a'), named(2, 'one', 'b'), match(3, 'one')] }), 10);
    totals.add(
      events({ entries: [named(7, 'two', 'a'), { ...named(1, 'one', 'a'), list: 'hosts' }, match(3, 'two')] }),
      10,
    );
    assert.deepEqual(
      totals.entries.map(({ list, line, hash, text, count, last }) => [list, line, hash, text, count, last]),
      [
        ['local_ip', 7, 'two', 'a', 2, 7000],
        ['local_ip', 2, 'one', 'b', 1, 2000],
        ['local_ip', 3, 'one', undefined, 1, 3000],
        ['hosts', 1, 'one', 'a', 1, 1000],
        ['local_ip', 3, 'two', undefined, 1, 3000],
      ],
    );
  });

  it('are bounded', () => {
    const totals = new Totals();
    for (let i = 0; i < 3; i++) {
      const entries = Array.from({ length: mostEntries }, (_, line) => match(line + 1, `v${i}`));
      totals.add(events({ entries, decisions: [{ ...refused, rule: `rule-${i}`, count: 1 }] }), 10);
    }
    const counted = totals.entries.length + totals.unlisted;
    assert.equal(counted, 3 * mostEntries);
    assert.ok(totals.entries.length <= mostEntries);
    assert.ok(totals.entries.every(({ last }) => last > 1000 * (mostEntries / 4)));
    for (let i = 0; i < 2000; i++) totals.add(events({ decisions: [{ ...refused, rule: `rule-${i}`, count: 1 }] }), 10);
    assert.ok(totals.decisions.length <= 1000);
  });
});
