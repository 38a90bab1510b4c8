/** An index of entries by their reach: finds the narrowest entry around another one without scanning all entries. */
import type { Entry, NetworkEntry } from '../../core/entry';
import { formatAddress, maskAddress, parseAddressLiteral, widthOf } from '../../core/ip-address';

/** What an entry matches. `subdomainsOnly`: the names below a domain and not the domain itself. */
export interface Reach {
  readonly entry: Entry;
  readonly subdomainsOnly?: boolean;
}

/** Keys of what would cover `reach`, from itself to the widest. */
function* coveringKeys({ entry, subdomainsOnly }: Reach): Generator<string> {
  switch (entry.kind) {
    case 'network':
      yield* networkKeys(entry);
      return;
    case 'domain':
      if (entry.exact) yield `=${entry.name}`;
      if (subdomainsOnly) yield `.${entry.name}`;
      yield* suffixKeys(entry.name);
      return;
    case 'mailbox': {
      yield keyOf({ entry });
      const address = parseAddressLiteral(entry.domain);
      if (address) {
        yield* networkKeys({ kind: 'network', address, length: widthOf(address.family), excluded: false });
        return;
      }
      yield `=${entry.domain}`;
      yield* suffixKeys(entry.domain);
    }
  }
}

function* networkKeys({ address, length }: NetworkEntry): Generator<string> {
  for (let bits = length; bits > 0; bits--) yield `${formatAddress(maskAddress(address, bits))}/${bits}`;
}

function* suffixKeys(name: string): Generator<string> {
  for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (rest !== name) yield `.${rest}`;
    yield rest;
    if (!rest.includes('.')) return;
  }
}

/** One key for everything that matches the same. */
export function keyOf({ entry, subdomainsOnly }: Reach): string {
  switch (entry.kind) {
    case 'network':
      return `${formatAddress(entry.address)}/${entry.length}`;
    case 'domain':
      return `${entry.exact ? '=' : subdomainsOnly ? '.' : ''}${entry.name}`;
    case 'mailbox':
      return `${entry.localPart}@${entry.domain}`;
  }
}

export class EntryIndex<T extends Reach> {
  private readonly items = new Map<string, T>();

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.add(item);
  }

  /** The first item with a key stays. */
  add(item: T): void {
    const key = keyOf(item);
    if (!this.items.has(key)) this.items.set(key, item);
  }

  /** The item that matches exactly the same. */
  same(reach: Reach): T | undefined {
    return this.items.get(keyOf(reach));
  }

  /** The narrowest item that covers all of it, other than one of the same reach. */
  around(reach: Reach): T | undefined {
    const own = keyOf(reach);
    for (const key of coveringKeys(reach)) {
      const item = key === own ? undefined : this.items.get(key);
      if (item) return item;
    }
    return undefined;
  }

  /** The narrowest item that covers all of it, the same reach included. */
  covering(reach: Reach): T | undefined {
    return this.same(reach) ?? this.around(reach);
  }
}
