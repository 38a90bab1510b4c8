import assert from 'node:assert/strict';
import { refuse, reply } from '../../src/policy/decision';
import { EventRecord } from '../../src/status/event-record';
import { type Report, readReport } from '../../src/status/report';

function ownReport(): Report {
  const record = new EventRecord(() => 5000);
  const facts = { hook: 'rcpt', generation: 2, ip: '192.0.2.1', ptr: '', helo: 'h', from: '', rcpt: '', reply: '550' };
  const entry = { list: 'local_ip', file: 'localip', line: 3, hash: 'abc', text: '!192.0.2.1 # x', comment: 'x' };
  record.decided('relay', refuse('client-excluded', reply(550, '5.7.1', 'No')), false, facts, entry);
  record.failed('rcpt');
  record.lookedUp('found');
  const finding = { code: 'prefix-length', file: 'localip', line: 2, text: '1/99', message: 'has a length' };
  const list = {
    ...{ list: 'local_ip', source: 'localip', state: 'kept' as const, entries: 4, hash: 'abc', generation: 2 },
    ...{ loadedAt: 4000, readTime: 1.5, rejected: { at: 4500, findings: [finding], omitted: 0, message: null } },
  } as const;
  const state = { version: 1, pid: 42, startedAt: 1000, generation: 2, rememberedNames: 7 };
  return { ...state, lists: [list], events: record.collect() };
}

/** As it comes through the channel between processes. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('readReport', () => {
  it('reads the report of a worker of the same version whole', () => {
    const report = ownReport();
    assert.deepEqual(sent(readReport(sent(report))), sent(report));
  });

  it('takes of a report of another version what it understands', () => {
    const report = ownReport();
    const later = {
      ...(sent(report) as Report),
      version: 2,
      mood: 'good',
      events: {
        ...(sent(report.events) as Report['events']),
        weather: { rain: 1 },
        lookups: { found: 1, stolen: -5, 'bad name': 1, nan: 'x' },
        decisions: [
          { ...report.events.decisions[0], colour: 'red' },
          { plugin: 'greet', outcome: 'refuse', rule: 'x', observed: false, count: 1 },
          { plugin: 'relay', outcome: 'ponder', rule: 'x', observed: false, count: 1 },
          { plugin: 'relay', outcome: 'refuse', rule: 'of-tomorrow', observed: false, count: 2 },
          { plugin: 'relay', outcome: 'refuse', rule: 'A"}\n', observed: false, count: 2 },
          null,
        ],
        recent: 'none',
      },
    };
    const read = readReport(sent(later));
    assert.deepEqual(
      read?.events.decisions.map(({ rule, count }) => `${rule} ${count}`),
      ['client-excluded 1', 'of-tomorrow 2'],
    );
    assert.deepEqual([read?.events.lookups, read?.events.recent, read?.events.faults], [{ found: 1 }, [], { rcpt: 1 }]);
    assert.deepEqual(Object.keys(read ?? {}).sort(), Object.keys(report).sort());
  });

  for (const message of [undefined, null, 'report', 7, [], {}, { pid: 'x' }, { pid: Number.NaN }, { pid: -1 }]) {
    it(`takes ${JSON.stringify(message)} for no report`, () => assert.equal(readReport(message), undefined));
  }

  it('makes of the barest report one without events', () => {
    const read = readReport({ pid: 1, events: 'x', lists: {} });
    assert.deepEqual([read?.lists, read?.events.decisions, read?.events.unlisted], [[], [], 0]);
  });
});
