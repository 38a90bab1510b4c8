import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestBudget } from '../../../src/cli/audit/session/request-budget';

const ample = { pauseMs: 0, connections: 2, commands: 2, durationMs: 60_000 };

describe('RequestBudget', () => {
  it('allows as many connections as it has, and not one more', async () => {
    const budget = new RequestBudget(ample);
    await budget.spendConnection();
    await budget.spendConnection();
    await assert.rejects(budget.spendConnection(), /used up its connections/);
  });

  it('allows as many commands as it has, and not one more', () => {
    const budget = new RequestBudget(ample);
    budget.spendCommand();
    budget.spendCommand();
    assert.throws(() => budget.spendCommand(), /used up its commands/);
  });

  it('allows neither once its time is over, which begins with the first connection', async () => {
    const budget = new RequestBudget({ ...ample, durationMs: 20 });
    await sleep(40);
    await budget.spendConnection();
    budget.spendCommand();
    await sleep(40);
    await assert.rejects(budget.spendConnection(), /used up its time/);
    assert.throws(() => budget.spendCommand(), /used up its time/);
  });

  it('pauses between two connections, and not before the first', async () => {
    const budget = new RequestBudget({ ...ample, pauseMs: 40 });
    const began = performance.now();
    await budget.spendConnection();
    const first = performance.now() - began;
    await budget.spendConnection();
    assert.ok(first < 30, `${first}`);
    assert.ok(performance.now() - began >= 38);
  });
});
