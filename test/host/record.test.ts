import assert from 'node:assert/strict';
import { type Client, clientOf } from '../../src/host/client';
import type { Hook } from '../../src/host/guard';
import { type Occasion, record, recordFault } from '../../src/host/record';
import type { ListedEntry } from '../../src/lists/written-entries';
import { noNames, unknownNames } from '../../src/policy/client-names';
import { defer, type Opinion, permit, refuse, reply } from '../../src/policy/decision';
import type { SourceLine } from '../../src/policy/findings/finding';
import { EventRecord } from '../../src/status/event-record';
import type { Address, Connection, Plugin } from '../../src/types/haraka';
import { obeyed } from '../../testkit/obeyed';

interface Said {
  readonly lines: (readonly [level: string, text: string, data: Record<string, unknown>])[];
  readonly results: (readonly [where: string, result: Record<string, unknown>])[];
}

function occasion(
  part: { readonly transaction?: boolean; readonly observing?: boolean } = {},
): Said & { occasion: Occasion } {
  const said: Said = { lines: [], results: [] };
  const store = (where: string) => ({
    add(plugin: { name: string }, result: Record<string, unknown>) {
      assert.equal(plugin.name, 'smtpcheck');
      said.results.push([where, result]);
    },
  });
  const log = (level: string) => (_plugin: unknown, text: unknown, data: unknown) =>
    said.lines.push([level, String(text), data as Record<string, unknown>]);
  const connection = {
    remote: { ip: '192.0.2.7', host: null },
    hello: { host: undefined },
    results: store('connection'),
    transaction: part.transaction ? { results: store('transaction'), mail_from: null } : null,
    loginfo: log('info'),
    lognotice: log('notice'),
  } as unknown as Connection;
  const plugin = { name: 'relay' } as Plugin;
  const { observing = false } = part;
  return {
    ...said,
    occasion: {
      plugin,
      by: 'relay',
      suite: { events: new EventRecord(() => 1000), onDecision: undefined, entryAt, noteOf },
      hook: 'rcpt',
      connection,
      generation: 7,
      observing,
    },
  };
}

const entryAt = (at: SourceLine | undefined) => at && { list: 'local_ip', hash: 'abc', ...at, comment: 'the\x1blab' };
const noteOf = (entry: ListedEntry | undefined) => entry?.comment;
const outcomes = ['permit', 'refuse', 'defer'] as const;
const at = { file: 'localip', line: 3 };
const no = reply(550, '5.7.1', 'No');
const later = reply(450, '4.7.1', 'Later');

describe('record', () => {
  const rows: readonly {
    readonly decision: Opinion;
    readonly result: Record<string, string>;
    readonly level: string;
    readonly reason?: string;
  }[] = [
    { decision: permit('client-network', at), result: { pass: 'client-network', at: 'localip:3' }, level: 'info' },
    { decision: refuse('relay-denied', no), result: { fail: 'relay-denied' }, level: 'notice', reason: '550 5.7.1 No' },
    {
      decision: defer('relay-map', later),
      result: { skip: 'relay-map' },
      level: 'notice',
      reason: '450 4.7.1 Later',
    },
    {
      decision: defer('name-unknown', later),
      result: { err: 'name-unknown' },
      level: 'notice',
      reason: '450 4.7.1 Later',
    },
  ];
  for (const { decision, result, level, reason = '' } of rows) {
    it(`leaves an event, a result and a line at ${level} for ${decision.outcome} ${decision.rule}`, () => {
      const { occasion: it, lines, results } = occasion();
      record(it, decision);
      record(it, decision);
      const left = ['connection', result];
      assert.deepEqual(results, [left, left]);
      const counted = outcomes.filter((outcome) => it.suite.events.countOf(outcome, decision.rule) === 2);
      assert.deepEqual(counted, [decision.outcome]);
      assert.deepEqual(
        lines.map(([where]) => where),
        [level, level],
      );
      assert.deepEqual(lines[0]?.[1], `smtpcheck ${decision.outcome}`);
      assert.deepEqual(lines[0]?.[2], {
        action: decision.outcome,
        rule: decision.rule,
        at: decision.at ? 'localip:3' : '',
        generation: 7,
        ip: '192.0.2.7',
        ptr: '',
        helo: '',
        from: '',
        rcpt: '',
        reason,
        ...(decision.at && { note: String.raw`the\u001blab` }),
      });
    });
  }

  it('lets nothing that comes from outside act on the log', () => {
    const { occasion: it, lines } = occasion({ transaction: true });
    const hostile = 'a\x1b[31m\x07\t\r\n\x7f\x9b\u2028\u202e\u2066';
    const address = { format: () => `<${hostile}@x.example>` };
    const connection = Object.assign(it.connection, {
      remote: { ip: '192.0.2.7', host: hostile },
      hello: { host: hostile },
    });
    Object.assign(connection.transaction ?? {}, { mail_from: address });
    const decision = refuse('relay-denied', reply(550, '5.7.1', hostile), { file: hostile, line: 3 });
    record({ ...it, recipient: address as Address }, decision);
    const shown = String.raw`a\u001b[31m\u0007\t\r\n\u007f\u009b\u2028\u202e\u2066`;
    const { at, ptr, helo, from, rcpt, reason } = lines[0]?.[2] ?? {};
    const mailbox = `<${shown}@x.example>`;
    assert.deepEqual(
      [at, ptr, helo, from, rcpt, reason],
      [`${shown}:3`, shown, shown, mailbox, mailbox, `550 5.7.1 ${shown}`],
    );
  });

  it('gives for a reason what the client reads, which is not the same at every hook', () => {
    const rows: readonly (readonly [Hook, string, string])[] = [
      ['connect', '554 5.7.1 No', '421 4.7.1 Later'],
      ['helo', '550 5.7.1 No', '450 4.7.1 Later'],
      ['rcpt', '550 5.7.1 No', '450 4.7.1 Later'],
      ['queue', '550 5.7.1 No', '450 4.7.1 Later'],
    ];
    for (const [hook, permanent, temporary] of rows) {
      for (const [decision, reason] of [
        [refuse('relay-denied', no), permanent],
        [defer('name-unknown', later), temporary],
      ] as const) {
        const { occasion: it, lines } = occasion();
        record({ ...it, hook }, decision);
        assert.equal(lines[0]?.[2].reason, reason, hook);
      }
    }
    const { occasion: it, lines } = occasion();
    record({ ...it, hook: 'queue' }, defer('no-room', reply(452, '4.3.1', 'Full')));
    assert.equal(lines[0]?.[2].reason, '450 4.3.1 Full');
  });

  it('has the names that were looked up, and none of what a name may imitate', () => {
    const known = { state: 'known', confirmed: ['a.example'], unresolved: ['c.example'] } as const;
    const hostile = 'x, bank.example confirmed';
    const claimed = ['a.example', hostile, 'c.example'];
    const rows: readonly (readonly [Partial<Client>, string | undefined])[] = [
      [{}, undefined],
      [{ names: noNames }, 'none'],
      [{ names: unknownNames, claims: noNames }, 'unknown'],
      [{ claims: { ...noNames, state: 'known', claimed: ['none'] } }, 'none claimed'],
      [{ names: { ...known, claimed } }, 'a.example confirmed, x??bank.example?confirmed forged, c.example unresolved'],
    ];
    for (const [names, expected] of rows) {
      const { occasion: it, lines } = occasion();
      Object.assign(clientOf(it.connection), names);
      record(it, refuse('relay-denied', no));
      assert.equal(lines[0]?.[2].names, expected);
    }
  });

  it('says of a recipient that is dropped that it is', () => {
    const { occasion: it, lines } = occasion();
    record(it, { ...permit('relay-map', at), disposition: 'discard' } as Opinion);
    record(it, { ...permit('relay-map', at), disposition: 'relay' } as Opinion);
    assert.deepEqual(
      lines.map(([, , data]) => data.disposition),
      ['discard', undefined],
    );
  });

  it('prefers the results of the transaction, and says that it only observed', () => {
    const { occasion: it, lines, results } = occasion({ transaction: true, observing: true });
    record(it, refuse('relay-denied', no));
    assert.equal(results[0]?.[0], 'transaction');
    assert.equal(lines[0]?.[2].observed, true);
  });
});

describe('recordFault', () => {
  it('counts, and tells in one line of whatever was thrown', () => {
    const events = new EventRecord();
    const said: string[] = [];
    const context = { logerror: (_plugin: unknown, text: unknown) => said.push(String(text)) };
    for (const error of [new Error('boom\x1b\x9b'), 'a text', undefined, null, Object.create(null)]) {
      recordFault({ name: 'relay' } as Plugin, context, events, 'rcpt', error);
    }
    assert.equal(events.faultCount, 5);
    assert.match(said[0] ?? '', /fault in rcpt.*Error: boom\\u001b\\u009b\\n.*record\.test/);
    assert.doesNotMatch(said.join(''), obeyed);
    assert.match(said[1] ?? '', /a text/);
  });
});
