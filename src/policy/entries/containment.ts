/**
 * Which entry contains which: the order by which the most specific entry decides, for tools that compare entries with
 * each other. Signs do not matter here: `!192.0.2.0/24` contains `192.0.2.7`.
 */
import type { Entry, NetworkEntry } from './entry';
import { type IpAddress, maskAddress, parseAddressLiteral, sameAddress, widthOf } from './ip-address';

export type Network = Pick<NetworkEntry, 'address' | 'length'>;

/** What an entry matches. `subdomainsOnly`: the names below a domain and not the domain itself. */
export interface Reach {
  readonly entry: Entry;
  readonly subdomainsOnly?: boolean;
}

/** Whether the outer network contains all of the inner one. A network contains itself. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  return (
    outer.address.family === inner.address.family &&
    outer.length <= inner.length &&
    sameAddress(maskAddress(outer.address, outer.length), maskAddress(inner.address, outer.length))
  );
}

/** One key for all entries that match the same. */
export function keyOf({ entry, subdomainsOnly }: Reach): string {
  switch (entry.kind) {
    case 'network':
      return keyOfNetwork(entry, entry.length);
    case 'domain':
      return `${entry.exact ? '=' : subdomainsOnly ? '.' : ''}${entry.name}`;
    case 'mailbox':
      return `${entry.localPart}@${entry.domain}`;
  }
}

/** Which lengths of prefixes are asked for; there can be 128 of them. */
export type HasLength = (family: IpAddress['family'], length: number) => boolean;

/** The keys of entries that contain this one and more, the narrowest first. */
export function* widerKeys(reach: Reach, hasLength: HasLength = () => true): Generator<string> {
  const own = keyOf(reach);
  for (const key of containingKeys(reach, hasLength)) if (key !== own) yield key;
}

function* containingKeys({ entry }: Reach, hasLength: HasLength): Generator<string> {
  switch (entry.kind) {
    case 'network':
      return yield* networkKeys(entry, hasLength);
    case 'domain':
      return yield* domainKeys(entry.name);
    case 'mailbox': {
      const address = parseAddressLiteral(entry.domain);
      if (address) return yield* networkKeys({ address, length: widthOf(address.family) }, hasLength);
      yield `=${entry.domain}`;
      return yield* domainKeys(entry.domain);
    }
  }
}

function* networkKeys(network: Network, hasLength: HasLength): Generator<string> {
  const { family } = network.address;
  for (let length = network.length; length > 0; length--)
    if (hasLength(family, length)) yield keyOfNetwork(network, length);
}

function* domainKeys(name: string): Generator<string> {
  for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (rest !== name) yield `.${rest}`;
    yield rest;
    if (!rest.includes('.')) return;
  }
}

function keyOfNetwork({ address }: Network, length: number): string {
  const { family, w0, w1, w2, w3 } = maskAddress(address, length);
  // To write the address as people do takes its time, and keys are for comparison only.
  return family === 4 ? `${w0}/${length}` : `${w0},${w1},${w2},${w3}/${length}`;
}

/** Entries by what they match: finds the narrowest entry around another one without scanning all entries. */
export class EntryIndex<T extends Reach> {
  private readonly items = new Map<string, T>();
  private readonly lengths = { 4: new Set<number>(), 6: new Set<number>() };

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.add(item);
  }

  /** The item that stays: of several with the same reach the first one. */
  add(item: T): T {
    const { entry } = item;
    const key = keyOf(item);
    const first = this.items.get(key);
    if (first) return first;
    this.items.set(key, item);
    if (entry.kind === 'network') this.lengths[entry.address.family].add(entry.length);
    return item;
  }

  values(): Iterable<T> {
    return this.items.values();
  }

  /** The item that matches exactly the same. */
  same(reach: Reach): T | undefined {
    return this.items.get(keyOf(reach));
  }

  /** The narrowest item that contains all of it, other than one of the same reach. */
  around(reach: Reach): T | undefined {
    for (const key of widerKeys(reach, (family, length) => this.lengths[family].has(length))) {
      const item = this.items.get(key);
      if (item) return item;
    }
    return undefined;
  }

  /** The narrowest item that contains all of it, the same reach included. */
  covering(reach: Reach): T | undefined {
    return this.same(reach) ?? this.around(reach);
  }
}
