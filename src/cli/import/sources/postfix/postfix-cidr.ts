/** Rows of a cidr table (cidr_table(5)). */
import type { Collector } from '../../collector';
import type { RemarkCode } from '../../remark';
import { addressOf } from './postfix-patterns';
import type { Row } from './postfix-rows';

/** The rows outside of conditions, with their keys as the lists have them. */
export function cidrRows(out: Collector, rows: readonly Row[]): Row[] {
  let nested = 0;
  const skip = (code: RemarkCode, { item, order }: Row) => {
    const { position } = out.context;
    out.remark(code, item);
    if (position?.negated) out.addBarrier('localip', position.chain, order, item);
  };
  return rows
    .filter((row) => {
      const word = row.key.toLowerCase();
      if (word === 'endif') nested = Math.max(0, nested - 1);
      if (word === 'if') nested++;
      if (word === 'if' || word === 'endif' || nested > 0 || row.key.startsWith('!')) {
        if (word !== 'endif') skip('postfix-table-condition', row);
        return false;
      }
      if (row.value === '') {
        out.remark('postfix-table-line', row.item);
        return false;
      }
      if (addressOf(row.key) !== undefined) return true;
      skip('postfix-table-pattern', row);
      return false;
    })
    .map((row) => ({ ...row, key: addressOf(row.key) ?? row.key }));
}
