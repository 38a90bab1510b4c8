/** The numbers of versions: one process counts, and a worker numbers what its master has too as the master does. */
import assert from 'node:assert/strict';
import { Generations } from '../../src/lists/generations';

const start = [
  ['local_ip', 'a'],
  ['hosts', 'b'],
  ['settings', 'c'],
] as const;

const since = (of: Generations) => start.map(([name]) => of.since(name).generation);

describe('generations', () => {
  it('count the versions of a policy, and since which of them a list is in force', () => {
    const master = new Generations(start);
    assert.deepEqual([master.current, ...since(master)], [1, 1, 1, 1]);
    master.next([['hosts', 'b2']]);
    master.next([['local_ip', 'a2']]);
    assert.deepEqual([master.current, ...since(master)], [3, 3, 2, 1]);
  });

  it('are those of the master in a worker that starts later', () => {
    const master = new Generations(start);
    master.next([['hosts', 'b2']]);
    const worker = new Generations([start[0], ['hosts', 'b2'], start[2]], master.numbering);
    assert.deepEqual([worker.current, ...since(worker)], [2, 1, 2, 1]);
    master.next([['hosts', 'b3']]);
    worker.next([['hosts', 'b3']]);
    assert.deepEqual([worker.current, ...since(worker)], [3, 1, 3, 1]);
  });

  it('go on after those of the master in a worker that starts with a newer list', () => {
    const master = new Generations(start);
    const worker = new Generations([start[0], ['hosts', 'b2'], start[2]], master.numbering);
    assert.deepEqual([worker.current, ...since(worker)], [2, 1, 2, 1]);
    master.next([['hosts', 'b2']]);
    assert.deepEqual([master.current, ...since(master)], [2, 1, 2, 1]);
  });

  it('are those of the master again in a worker that has missed a version, or seen one more', () => {
    const master = new Generations(start);
    const [slow, fast] = [new Generations(start, master.numbering), new Generations(start, master.numbering)];
    master.next([['hosts', 'b2']]);
    master.next([['hosts', 'b3']]);
    slow.next([['hosts', 'b3']]);
    for (const text of ['b1', 'b2', 'b3']) fast.next([['hosts', text]]);
    assert.deepEqual([slow.current, fast.current], [2, 4]);
    for (const worker of [slow, fast]) {
      worker.adopt(master.numbering);
      assert.deepEqual([worker.current, ...since(worker)], [3, 1, 3, 1]);
    }
  });

  it('stay as they are while the worker has something else in force, and follow once it has the same', () => {
    const master = new Generations(start);
    const worker = new Generations(start, master.numbering);
    for (const text of ['x', 'y']) worker.next([['hosts', text]]);
    worker.adopt(master.numbering);
    assert.deepEqual([worker.current, ...since(worker)], [3, 1, 3, 1]);
    worker.next([['hosts', 'b']]);
    assert.deepEqual([worker.current, ...since(worker)], [1, 1, 1, 1]);
  });
});
