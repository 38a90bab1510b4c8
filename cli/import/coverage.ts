/** Which entry takes in which: the order by which "the most specific entry wins" is decided. */
import type { Entry, NetworkEntry } from '../../core/entry';
import { maskAddress, parseAddressLiteral, sameAddress, widthOf } from '../../core/ip-address';

/** Whether everything `narrow` matches is matched by `wide` too, whatever their signs. An entry covers itself. */
export function covers(wide: Entry, narrow: Entry): boolean {
  switch (wide.kind) {
    case 'network':
      if (narrow.kind === 'mailbox') return literalWithin(wide, narrow.domain);
      return (
        narrow.kind === 'network' &&
        wide.address.family === narrow.address.family &&
        wide.length <= narrow.length &&
        sameAddress(wide.address, maskAddress(narrow.address, wide.length))
      );
    case 'domain':
      if (narrow.kind === 'mailbox') return nameWithin(wide.name, wide.exact, narrow.domain);
      return (
        narrow.kind === 'domain' && (!wide.exact || narrow.exact) && nameWithin(wide.name, wide.exact, narrow.name)
      );
    case 'mailbox':
      return narrow.kind === 'mailbox' && wide.localPart === narrow.localPart && wide.domain === narrow.domain;
  }
}

function nameWithin(wide: string, exact: boolean, name: string): boolean {
  return name === wide || (!exact && name.endsWith(`.${wide}`));
}

function literalWithin(wide: NetworkEntry, domain: string): boolean {
  const address = parseAddressLiteral(domain);
  if (!address) return false;
  return covers(wide, { kind: 'network', address, length: widthOf(address.family), excluded: false });
}
