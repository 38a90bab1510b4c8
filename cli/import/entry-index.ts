/** Entries by what they match, so that the narrowest entry around another one is found without looking at all. */
import type { Entry, NetworkEntry } from '../../core/entry';
import { formatAddress, maskAddress, parseAddressLiteral, widthOf } from '../../core/ip-address';

/** Keys of the entries that would cover `entry`, from itself to the widest. */
function* coveringKeys(entry: Entry): Generator<string> {
  switch (entry.kind) {
    case 'network':
      yield* networkKeys(entry);
      return;
    case 'domain':
      if (entry.exact) yield `=${entry.name}`;
      yield* suffixKeys(entry.name);
      return;
    case 'mailbox': {
      yield keyOf(entry);
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
    yield rest;
    if (!rest.includes('.')) return;
  }
}

/** One key for everything that matches the same. */
export function keyOf(entry: Entry): string {
  switch (entry.kind) {
    case 'network':
      return `${formatAddress(entry.address)}/${entry.length}`;
    case 'domain':
      return entry.exact ? `=${entry.name}` : entry.name;
    case 'mailbox':
      return `${entry.localPart}@${entry.domain}`;
  }
}

export class EntryIndex<T extends { readonly entry: Entry }> {
  private readonly items = new Map<string, T>();

  /** The first item with a key stays. */
  add(item: T): void {
    const key = keyOf(item.entry);
    if (!this.items.has(key)) this.items.set(key, item);
  }

  /** The item that matches exactly what the entry matches. */
  same(entry: Entry): T | undefined {
    return this.items.get(keyOf(entry));
  }

  /** The narrowest item that covers the entry, other than one of the same reach. */
  around(entry: Entry): T | undefined {
    const own = keyOf(entry);
    for (const key of coveringKeys(entry)) {
      const item = key === own ? undefined : this.items.get(key);
      if (item) return item;
    }
    return undefined;
  }

  /** The narrowest item that covers the entry, itself included. */
  covering(entry: Entry): T | undefined {
    return this.same(entry) ?? this.around(entry);
  }
}
