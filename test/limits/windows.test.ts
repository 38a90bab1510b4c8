/** Recipients counted in the memory of a process, against a clock of the test. */
import assert from 'node:assert/strict';
import { Windows } from '../../src/limits/windows';
import { parseLimit } from '../../src/policy/attributes/limit';
import type { Counter } from '../../src/policy/limits';
import { fc, runs } from '../../testkit/properties';

function counterOf(limit: string, name = '192.0.2.7', subject: Counter['subject'] = 'client'): Counter {
  const parsed = parseLimit(limit);
  assert.ok(parsed, limit);
  return { subject, name, limit: parsed };
}

function windowsAt(start = 1) {
  const clock = { time: start };
  return { clock, windows: new Windows({ now: () => clock.time }) };
}

const isAccepted = (counted: ReturnType<Windows['count']>) => counted.over === undefined;

describe('Windows', () => {
  it('accept as many as the limit has in its period, which begins with the first', () => {
    const { clock, windows } = windowsAt();
    const limit = counterOf('2/10s');
    const at = (time: number) => {
      clock.time = time;
      return isAccepted(windows.count([limit], 1));
    };
    assert.deepEqual([1, 5000, 9000, 10_001, 10_002, 10_003, 10_004].map(at), [
      true,
      true,
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('say which refusal is the first of its period, and how long that lasts', () => {
    const { clock, windows } = windowsAt();
    const limit = counterOf('1/10s');
    windows.count([limit], 1);
    clock.time = 4001;
    assert.deepEqual(windows.count([limit], 1), { over: 0, isFirst: true, endsIn: 6000 });
    assert.equal(windows.count([limit], 1).isFirst, false);
    clock.time = 10_002;
    assert.ok(isAccepted(windows.count([limit], 1)));
    assert.equal(windows.count([limit], 1).isFirst, true);
  });

  it('count a recipient that one of two limits refuses against neither', () => {
    const { windows } = windowsAt();
    const each = (name: string) => counterOf('3/1h', name);
    const all = counterOf('4/1h', '192.0.2', 'entry');
    const ask = (name: string) => windows.count([each(name), all], 1).over;
    assert.deepEqual(['a', 'a', 'a', 'a', 'b', 'b', 'b'].map(ask), [
      undefined,
      undefined,
      undefined,
      0,
      undefined,
      1,
      1,
    ]);
    assert.equal(windows.count([each('b')], 2).over, undefined);
  });

  it('count several recipients together or not at all', () => {
    const { windows } = windowsAt();
    const limit = counterOf('5/1h');
    assert.deepEqual(
      [3, 3, 2, 1].map((count) => windows.count([limit], count).over),
      [undefined, 0, undefined, 0],
    );
  });

  it('go on counting where the limit is another, and begin anew where its period is', () => {
    const { windows } = windowsAt();
    assert.ok(isAccepted(windows.count([counterOf('2/1h')], 2)));
    assert.ok(!isAccepted(windows.count([counterOf('1/1h')], 1)));
    assert.ok(isAccepted(windows.count([counterOf('3/60m')], 1)));
    assert.ok(isAccepted(windows.count([counterOf('2/2h')], 2)));
  });

  it('end for a name, and for no other', () => {
    const { windows } = windowsAt();
    for (const name of ['192.0.2.7', '192.0.2.8']) windows.count([counterOf('1/1h', name)], 1);
    assert.deepEqual(
      windows.reset(['192.0.2.7']).map(({ name }) => name),
      ['192.0.2.7'],
    );
    assert.deepEqual(windows.reset(['192.0.2.9']), []);
    assert.ok(isAccepted(windows.count([counterOf('1/1h', '192.0.2.7')], 1)));
    assert.ok(!isAccepted(windows.count([counterOf('1/1h', '192.0.2.8')], 1)));
  });

  it('keep a bounded number, and forget the one that was counted longest ago', () => {
    const { windows } = windowsAt();
    const client = (i: number) => counterOf('1/1h', String(i));
    for (let i = 0; i < 100_000; i++) windows.count([client(i)], 1);
    assert.equal(windows.all.length, 100_000);
    assert.ok(!isAccepted(windows.count([client(0)], 1)));
    windows.count([client(100_000)], 1);
    assert.equal(windows.all.length, 100_000);
    assert.ok(!isAccepted(windows.count([client(0)], 1)));
    assert.ok(isAccepted(windows.count([client(1)], 1)));
  });

  it('never accept more than a limit in any of its periods, and defer nobody below it', () => {
    const step = fc.record({
      wait: fc.nat(4000),
      client: fc.constantFrom('a', 'b', 'c'),
      count: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, windows } = windowsAt();
        const model = new Map<string, { start: number; accepted: number }>();
        const limits = (client: string) => [counterOf('4/10s', client), counterOf('7/15s', 'all', 'entry')];
        for (const { wait, client, count } of steps) {
          clock.time += wait;
          const counters = limits(client);
          const open = counters.map(({ name, limit }) => {
            const known = model.get(name);
            const window =
              known && clock.time - known.start <= limit.period ? known : { start: clock.time, accepted: 0 };
            model.set(name, window);
            return window;
          });
          const fits = open.every(({ accepted }, i) => accepted + count <= (counters[i]?.limit.recipients ?? 0));
          assert.equal(isAccepted(windows.count(counters, count)), fits);
          if (fits) for (const window of open) window.accepted += count;
        }
      }),
      { numRuns: runs(200) },
    );
  });
});
