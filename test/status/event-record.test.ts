import assert from 'node:assert/strict';
import { defer, permit, refuse, reply } from '../../src/policy/decision';
import { type DecisionFacts, EventRecord, mostEntries, mostPermitted } from '../../src/status/event-record';

const facts: DecisionFacts = {
  hook: 'rcpt',
  generation: 3,
  ip: '192.0.2.7',
  ptr: '',
  helo: 'client.example',
  from: '<a@sender.example>',
  rcpt: '<b@victim.example>',
  reply: '550 5.7.1 No',
};
const denied = refuse('relay-denied', reply(550, '5.7.1', 'No'));
const later = defer('name-unknown', reply(450, '4.7.1', 'Later'));
const entry = (line: number, hash = 'aaa') => ({ list: 'local_ip', file: 'localip', line, hash });

describe('EventRecord', () => {
  it('counts decisions by plugin, outcome, rule and observed, and from zero again once they are collected', () => {
    const record = new EventRecord(() => 1000);
    record.decided('relay', denied, false, facts);
    record.decided('relay', denied, false, facts);
    record.decided('relay', denied, true, facts);
    record.decided('relay', later, false, facts);
    record.failed('rcpt');
    record.lookedUp('found');
    record.lookedUp('unknown');
    record.reloaded('rejected');
    assert.equal(record.countOf('refuse', 'relay-denied'), 3);
    const { decisions, faults, lookups, reloads } = record.collect();
    const relay = { plugin: 'relay', rule: 'relay-denied', outcome: 'refuse' };
    assert.deepEqual(decisions, [
      { ...relay, observed: false, count: 2 },
      { ...relay, observed: true, count: 1 },
      { plugin: 'relay', rule: 'name-unknown', outcome: 'defer', observed: false, count: 1 },
    ]);
    assert.deepEqual([faults, lookups, reloads], [{ rcpt: 1 }, { found: 1, unknown: 1 }, { rejected: 1 }]);
    const empty = record.collect();
    assert.deepEqual([empty.decisions, empty.faults, empty.recent, empty.entries], [[], {}, [], []]);
  });

  it('counts the matches of an entry apart for each version of its list, with the time of the last', () => {
    let now = 1000;
    const record = new EventRecord(() => now);
    record.decided('relay', permit('client-network'), false, facts, entry(3));
    now = 2000;
    record.decided('relay', permit('client-network'), false, facts, entry(3));
    record.decided('relay', permit('client-network'), false, facts, entry(3, 'bbb'));
    record.decided('relay', permit('client-network'), false, facts, entry(4));
    const counts = record.collect().entries.map(({ line, hash, count, last }) => [line, hash, count, last]);
    assert.deepEqual(counts, [
      [3, 'aaa', 2, 2000],
      [4, 'aaa', 1, 2000],
      [3, 'bbb', 1, 2000],
    ]);
  });

  const rings: readonly { name: string; limit: number; denied: number; permitted: number; kept: [number, number] }[] = [
    { name: 'all where there are few', limit: 5, denied: 3, permitted: 2, kept: [3, 2] },
    { name: 'the last refused ones', limit: 5, denied: 23, permitted: 0, kept: [5, 0] },
    { name: 'as many permitted ones', limit: 5, denied: 0, permitted: 11, kept: [0, 5] },
    { name: 'fewer permitted ones', limit: 300, denied: 350, permitted: 350, kept: [300, mostPermitted] },
  ];
  for (const { name, limit, denied: refusals, permitted, kept } of rings) {
    it(`keeps of recent decisions ${name}`, () => {
      let now = 0;
      const record = new EventRecord(() => ++now);
      record.recentLimit = limit;
      for (let i = 0; i < refusals; i++) record.decided('relay', denied, false, { ...facts, rcpt: String(i) });
      for (let i = 0; i < permitted; i++) record.decided('relay', permit('destination'), false, facts);
      const { recent } = record.collect();
      const refused = recent.filter(({ outcome }) => outcome === 'refuse');
      assert.deepEqual([refused.length, recent.length - refused.length], kept);
      if (refusals > 0) assert.equal(refused.at(-1)?.rcpt, String(refusals - 1));
      assert.deepEqual(
        [...recent].sort((a, b) => a.time - b.time),
        recent,
      );
    });
  }

  it('counts an exclusion that kept another entry from deciding as matched, and as no decision', () => {
    const record = new EventRecord(() => 1000);
    record.passed(entry(2));
    record.passed(undefined);
    const { decisions, entries, recent } = record.collect();
    assert.deepEqual([decisions, recent], [[], []]);
    assert.deepEqual(entries, [{ ...entry(2), count: 1, last: 1000 }]);
  });

  it('keeps of a long text its beginning, and of many entries the first', () => {
    const record = new EventRecord();
    record.decided('helo', denied, false, { ...facts, helo: 'x'.repeat(10_000) });
    for (let i = 1; i <= mostEntries + 7; i++) record.decided('relay', denied, false, facts, entry(i));
    const { recent, entries, unlisted } = record.collect();
    assert.equal(entries.length, mostEntries);
    assert.equal(unlisted, 7);
    assert.ok(recent.every(({ helo }) => helo.length <= 300));
  });

  it('never throws: a fault of its own is counted as one', () => {
    const record = new EventRecord(() => {
      throw new Error('no clock');
    });
    record.decided('relay', denied, false, facts);
    assert.deepEqual(record.collect().faults, { status: 1 });
  });
});
