import assert from 'node:assert/strict';
import { History, interval, intervals } from '../../src/status/history';

const start = 1_700_000_000_000;
const refused = { plugin: 'relay', outcome: 'refuse', rule: 'relay-denied', observed: false, count: 1 } as const;

/** The counts that are not 0, with how many intervals ago they came in. */
function countsAt(history: History, time: number, series: 'permit' | 'refuse' | 'defer' | 'observed'): string[] {
  const all = history.until(time).series[series];
  assert.equal(all.length, intervals);
  return all.flatMap((count, i) => (count > 0 ? [`${count} before ${intervals - 1 - i}`] : []));
}

describe('the history', () => {
  it('sums the decisions of each interval by outcome, whichever process they are from', () => {
    const history = new History();
    history.add([{ ...refused, count: 2 }], start);
    history.add(
      [
        { ...refused, rule: 'client-excluded' },
        { ...refused, outcome: 'permit', count: 5 },
      ],
      start + 1,
    );
    history.add([{ ...refused, outcome: 'defer' }], start + 2 * interval);
    const now = start + 3 * interval;
    assert.deepEqual(countsAt(history, now, 'refuse'), ['3 before 3']);
    assert.deepEqual(countsAt(history, now, 'permit'), ['5 before 3']);
    assert.deepEqual(countsAt(history, now, 'defer'), ['1 before 1']);
    assert.equal(history.until(now).from, Math.floor(now / interval) * interval - (intervals - 1) * interval);
  });

  it('counts what was only observed as nothing else', () => {
    const history = new History();
    history.add([{ ...refused, observed: true, count: 4 }], start);
    assert.deepEqual(countsAt(history, start, 'refuse'), []);
    assert.deepEqual(countsAt(history, start, 'observed'), ['4 before 0']);
  });

  it('has the last hour and nothing older', () => {
    const history = new History();
    history.add([refused], start);
    const hour = interval * intervals;
    assert.deepEqual(countsAt(history, start + hour - interval, 'refuse'), [`1 before ${intervals - 1}`]);
    assert.deepEqual(countsAt(history, start + hour, 'refuse'), []);
  });

  it('is bounded, and counts on where the clock is set back', () => {
    const history = new History();
    for (let i = 0; i < 3 * intervals; i++) history.add([refused], start + i * interval);
    assert.equal(countsAt(history, start + (3 * intervals - 1) * interval, 'refuse').length, intervals);
    history.add([refused], start);
    assert.deepEqual(countsAt(history, start, 'refuse'), ['1 before 0']);
    // Forgotten, and not merely out of sight.
    assert.deepEqual(countsAt(history, start + interval, 'refuse'), ['1 before 1']);
  });
});
