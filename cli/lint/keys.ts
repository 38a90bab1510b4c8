/** What an entry speaks of, as a key, and the keys of all that lies around it. */
import { type Entry, formatAddress, type IpAddress, maskAddress, parseAddress } from '../../core';

/** Two entries with one key speak of the same, whether they include or exclude. */
export function keyOf(entry: Entry): string {
  switch (entry.kind) {
    case 'network':
      return keyOfNetwork(entry.address, entry.length);
    case 'domain':
      return `${entry.exact ? '=' : '.'}${entry.name}`;
    case 'mailbox':
      return `${entry.localPart}@${entry.domain}`;
  }
}

/** The keys of entries that cover this one and more, the nearest first. */
export function* widerKeys(entry: Entry): Generator<string> {
  switch (entry.kind) {
    case 'network':
      return yield* networksAround(entry.address, entry.length - 1);
    case 'domain':
      // A domain that is not exact is covered by its parents alone.
      return yield* domainsAround(entry.name, entry.exact ? 0 : 1);
    case 'mailbox': {
      const literal = parseAddress(entry.domain.replace(/^\[(?:IPv6:)?|\]$/g, ''));
      if (literal) return yield* networksAround(literal, literal.family === 4 ? 32 : 128);
      yield `=${entry.domain}`;
      return yield* domainsAround(entry.domain, 0);
    }
  }
}

function* networksAround(address: IpAddress, longest: number): Generator<string> {
  for (let length = longest; length >= 1; length--) yield keyOfNetwork(address, length);
}

function* domainsAround(name: string, from: number): Generator<string> {
  const labels = name.split('.');
  for (let i = from; i < labels.length; i++) yield `.${labels.slice(i).join('.')}`;
}

function keyOfNetwork(address: IpAddress, length: number): string {
  return `${formatAddress(maskAddress(address, length))}/${length}`;
}
