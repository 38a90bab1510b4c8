/** Answers of next hops about recipients. */
import type { Verify } from '../answers.js';
import { byId, cell, duration, fillTable, update } from './dom.js';

export function showVerify({ questions, remembered, unasked, cache, acceptAll }: Verify, now: string): void {
  const hint =
    acceptAll.length === 0 ? '' : `Accepts every recipient, and is not asked again today: ${acceptAll.join(', ')}`;
  update(byId('verify-accept-all'), hint, () => [hint]);
  const age =
    cache.oldest === null ? '' : `, the oldest answer ${duration(Date.parse(now) - Date.parse(cache.oldest))} old`;
  const rows: readonly (readonly [string, number])[] = [
    ['known', questions.known],
    ['unknown', questions.unknown],
    ['no clear answer', questions.unsure],
    ['not asked, because of the rate', unasked],
    ['from memory', remembered],
    [`in memory${age}`, cache.size],
  ];
  const isUsed = rows.some(([, count]) => count > 0);
  fillTable(
    'verify-table',
    rows,
    () => (isUsed ? rows.map(([answer, count]) => [cell(answer), cell(String(count))]) : []),
    'Nobody has been asked about.',
  );
}
