/** Waits for something that happens by itself. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const patience = 30_000;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `waited in vain until ${what}`);
    await sleep(10);
  }
}
