/** What is known of a client's names. A PTR name is a claim; it counts for trust only when it leads back to the address. */

export interface ClientNames {
  /**
   * `unasked`: nothing was looked up. `none`: the address has no PTR name. `known`: it has, see the lists.
   * `unknown`: the PTR look-up failed for now.
   */
  readonly state: 'unasked' | 'none' | 'known' | 'unknown';
  /** All PTR names, confirmed or not, in the form of `normalizeDnsName`. */
  readonly claimed: readonly string[];
  /** Those among them whose own addresses include the client's (forward-confirmed). */
  readonly confirmed: readonly string[];
  /** Those among them whose forward look-up failed for now. */
  readonly unresolved: readonly string[];
  /** Until when the answer counts, in milliseconds of `performance.now()`; absent where nothing was asked. */
  readonly expires?: number;
}

function names(state: ClientNames['state']): ClientNames {
  return { state, claimed: [], confirmed: [], unresolved: [] };
}

export const unaskedNames = names('unasked');
export const noNames = names('none');
export const unknownNames = names('unknown');

const absentNames: ReadonlySet<string> = new Set(['', 'NXDOMAIN', 'DNSERROR', 'Unknown']);

/** Whether Haraka's own look-up has found this PTR name: where it has found none, one of its words stands in the place of it. */
export function isPtrName(host: string): boolean {
  return !absentNames.has(host);
}

/** Names, and not one of them leads back: what sendmail calls possibly forged. */
export function isForged(client: ClientNames): boolean {
  return client.state === 'known' && client.confirmed.length === 0 && client.unresolved.length === 0;
}

/**
 * The names for the log: `none`, `unknown`, or each with its state, `lab.example confirmed, x.example forged`; empty where
 * nothing was looked up. `unchecked` is the state of names that nobody has asked to lead back. A name can hold any character:
 * whatever could be taken for another name or state is a question mark.
 */
export function formatNames({ state, claimed, confirmed, unresolved }: ClientNames, unchecked?: 'claimed'): string {
  if (state !== 'known') return state === 'unasked' ? '' : state;
  const stateOf = (name: string) =>
    confirmed.includes(name) ? 'confirmed' : unresolved.includes(name) ? 'unresolved' : (unchecked ?? 'forged');
  return claimed.map((name) => `${name.replace(/[^a-z0-9._-]/g, '?')} ${stateOf(name)}`).join(', ');
}

/** What `formatNames` has written. `areChecked`: whether it is known which of them lead back. */
export interface LoggedNames extends ClientNames {
  readonly areChecked: boolean;
}

/** `undefined` for a text that does not have every name. */
export function parseNames(text: string): LoggedNames | undefined {
  if (text === 'none' || text === 'unknown') return { ...names(text), areChecked: true };
  const found = text.split(', ').map((part) => /^([a-z0-9._-]+) (confirmed|forged|unresolved|claimed)$/.exec(part));
  const known = found.map((match) => ({ name: match?.[1] ?? '', state: match?.[2] }));
  if (known.some(({ name }) => name === '')) return undefined;
  const ofState = (wanted: string) => known.filter(({ state }) => state === wanted).map(({ name }) => name);
  return {
    state: 'known',
    claimed: known.map(({ name }) => name),
    confirmed: ofState('confirmed'),
    unresolved: ofState('unresolved'),
    areChecked: !known.some(({ state }) => state === 'claimed'),
  };
}
