/**
 * Readers of what another process has sent, which may run another version: a reader returns the value as its type, or throws
 * `NotUnderstood`. `or` and `each` catch that, so that what is not understood costs no more than itself.
 */
import { printable } from '../policy/findings/characters';

export type Read<T> = (value: unknown) => T;

class NotUnderstood extends Error {}

function notUnderstood(): never {
  throw new NotUnderstood();
}

export function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : notUnderstood();
}

/** A key of ours, as a rule or the name of a list. */
export function name(value: unknown): string {
  return typeof value === 'string' && /^[a-z][a-z0-9_-]{0,40}$/.test(value) ? value : notUnderstood();
}

export function flag(value: unknown): boolean {
  return typeof value === 'boolean' ? value : notUnderstood();
}

const longestText = 400;

/** Safe to print. */
export function text(value: unknown): string {
  return typeof value === 'string' ? printable(value.slice(0, longestText)) : notUnderstood();
}

export function oneOf<T extends string>(words: readonly T[]): Read<T> {
  return (value) => words.find((word) => word === value) ?? notUnderstood();
}

export function or<T, D>(read: Read<T>, fallback: D): Read<T | D> {
  return (value) => {
    try {
      return read(value);
    } catch (error) {
      if (error instanceof NotUnderstood) return fallback;
      throw error;
    }
  };
}

/** Other fields are left out. */
export function object<T>(fields: { readonly [K in keyof T]-?: Read<T[K]> }): Read<T> {
  return (value) => {
    if (typeof value !== 'object' || value === null) return notUnderstood();
    const written = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(
      Object.entries<Read<unknown>>(fields).map(([key, read]) => [key, read(written[key])]),
    ) as T;
  };
}

/** The last `most` items, without those that are not understood; none of what is no array. */
export function each<T>(read: Read<T>, most: number): Read<readonly T[]> {
  const item = or(read, undefined);
  return (value) => (Array.isArray(value) ? value.slice(-most) : []).map(item).filter((one) => one !== undefined);
}

/** Values by name, of which those that are not understood are left out. */
export function byName<T>(read: Read<T>, most: number): Read<Readonly<Record<string, T>>> {
  const pairs = each((pair) => [name((pair as unknown[])[0]), read((pair as unknown[])[1])] as const, most);
  return (value) => Object.fromEntries(pairs(Object.entries(value ?? {})));
}
