import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeadlineTimer } from '../../src/time/deadline-timer';
import { until } from '../../testkit/until';

describe('an alarm', () => {
  let rung = 0;
  let alarm: DeadlineTimer;
  beforeEach(() => {
    rung = 0;
    alarm = new DeadlineTimer(() => rung++);
  });
  afterEach(() => alarm.close());

  it('rings once, at the earliest time that was asked for', async () => {
    for (const delay of [60_000, 20, 60_000, 30]) alarm.schedule(delay);
    assert.equal(rung, 0);
    await until('it rings', () => rung > 0);
    await sleep(60);
    assert.equal(rung, 1);
  });

  it('rings in the midst of a storm of wishes', async () => {
    const storm = setInterval(() => alarm.schedule(50), 3);
    try {
      await until('it has rung three times', () => rung >= 3);
    } finally {
      clearInterval(storm);
    }
  });

  it('can be set from where it rings', async () => {
    alarm.close();
    alarm = new DeadlineTimer(() => {
      if (++rung < 3) alarm.schedule(5);
    });
    alarm.schedule(5);
    await until('it has rung three times', () => rung === 3);
  });

  it('rings no more once it is closed', async () => {
    alarm.schedule(20);
    alarm.close();
    alarm.schedule(5);
    await sleep(60);
    assert.equal(rung, 0);
  });
});
