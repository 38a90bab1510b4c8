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

/** Names, and not one of them leads back: what sendmail calls possibly forged. */
export function isForged(client: ClientNames): boolean {
  return client.state === 'known' && client.confirmed.length === 0 && client.unresolved.length === 0;
}
