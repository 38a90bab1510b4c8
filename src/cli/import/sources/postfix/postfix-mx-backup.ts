/** Domains that Postfix relays to because it is their backup MX (permit_mx_backup with permit_mx_backup_networks), as `mx:` entries. */
import { containsNetwork, type Network } from '../../../../policy/entries/containment';
import { isProblem, parseEntry } from '../../../../policy/entries/entry';
import type { Collector } from '../../collector';
import { itemOf, type PostfixConfig } from './postfix-config';
import { obstaclesTo } from './postfix-restrictions';

const name = 'permit_mx_backup_networks';

export function addMxBackup(out: Collector, config: PostfixConfig): void {
  const parameter = config.parameter(name);
  if (!parameter || parameter.value === '') return;
  const obstacle = obstaclesTo(config.main, config.known).mxBackup;
  if (obstacle !== undefined) {
    out.remark('postfix-mx-unused', itemOf(parameter), obstacle);
    return;
  }
  const excluded: Network[] = [];
  config.each(parameter, (text, item, _order, negated) => {
    // Postfix has IPv6 in brackets.
    const entry = parseEntry(text.replace(/^\[([^\]]*)\]/, '$1'));
    if (isProblem(entry) || entry.kind !== 'network') {
      out.remark('map-unreadable', item, text);
      // Whoever it is about must not be let in by what stands behind it.
      if (negated) excluded.push(...everything);
      return;
    }
    if (negated) excluded.push(entry);
    // The first match decides there, and the most specific one here.
    else if (excluded.some((one) => containsNetwork(one, entry))) {
      out.remark('postfix-never-reached', item);
      return;
    }
    out.addExchanges(`${negated ? '!' : ''}mx:${text.replace(/[[\]]/g, '')}`, item);
  });
  out.remark('postfix-mx-backup-carried', itemOf(parameter));
}

const everything: readonly Network[] = [
  { address: { family: 4, w0: 0, w1: 0, w2: 0, w3: 0 }, length: 0 },
  { address: { family: 6, w0: 0, w1: 0, w2: 0, w3: 0 }, length: 0 },
];
