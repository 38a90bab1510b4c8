/** Attributes as `key=value` words behind an entry, in any order: what they say, or what is wrong with one. */
import type { Problem } from '../entries/entry';
import { shortened } from '../findings/characters';
import { nearest } from '../settings/suggest';
import type { Attributes } from './attributes';
import { parseInstant } from './instant';
import { parseEntryLimit } from './limit';
import { SenderScope } from './sender-scope';

export type AttributeName = keyof Attributes;

const names = ['from', 'limit', 'until'] as const satisfies readonly AttributeName[];

/** No exact name (`=name`) is one, and no route. */
export function isAttribute(word: string): boolean {
  return /^[a-z_]+=/i.test(word);
}

/** `possible` is which of them the entry can have, and `where` what it is, for the finding about another one. */
export function parseAttributes(
  words: readonly string[],
  possible: readonly AttributeName[],
  where: string,
): Attributes | Problem {
  let attributes: Attributes = {};
  for (const word of words) {
    const equals = word.indexOf('=');
    const written = word.slice(0, equals);
    const value = word.slice(equals + 1);
    const name = names.find((known) => known === written);
    if (!name) {
      const meant = nearest(written, names);
      return {
        problem: 'attribute-unknown',
        detail: shortened(written),
        ...(meant && { suggestion: `${meant}=${shortened(value)}` }),
      };
    }
    if (!possible.includes(name)) return { problem: 'attribute-not-here', detail: `${name}= ${where}` };
    const read = readers[name](value);
    if (read === undefined) return { problem: 'attribute-value', detail: forms[name] };
    const isTwice = name === 'limit' ? hasBoth(attributes, read) : attributes[name] !== undefined;
    if (isTwice) return { problem: 'attribute-twice', detail: `${name}=` };
    const limit = { ...attributes.limit, ...read.limit };
    attributes = { ...attributes, ...read, ...(name === 'limit' && { limit }) };
  }
  return attributes;
}

const readers: Readonly<Record<AttributeName, (value: string) => Attributes | undefined>> = {
  from(value) {
    const from = SenderScope.parse(value);
    return from && { from };
  },
  limit(value) {
    const limit = parseEntryLimit(value);
    return limit && { limit };
  },
  until(value) {
    const until = parseInstant(value);
    return until === undefined ? undefined : { until };
  },
};

/** Whether both have a limit of the same kind. */
function hasBoth({ limit: one = {} }: Attributes, { limit: other = {} }: Attributes): boolean {
  return Object.keys(other).some((kind) => Object.hasOwn(one, kind));
}

const forms: Readonly<Record<AttributeName, string>> = {
  until:
    'a time that exists: until=2026-12-31 (from 00:00 of that day on), until=2026-12-31T18:00 or until=2026-12-31T18:00Z',
  from: 'domains with commas between: from=dept.example,=lab.example, with <> for the null sender',
  limit:
    'a number of recipients for a period of at most 31d: limit=200/1h for each client, or limit=5000/1d,all for all of the entry together',
};
