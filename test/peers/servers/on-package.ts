/** Tests that need packages of Debian's. Where they cannot be had, that is said; with `SMTPCHECK_PEERS_REQUIRED=1` it is a failure. */
import assert from 'node:assert/strict';
import { installPeers, type MailServer } from './install';

type Had<T> = T | { readonly missing: string };

/** `suite` gets what was had of the packages. */
export function onPackage<T extends object>(name: string, had: Had<T>, suite: (had: T) => void): void {
  describe(name, () => {
    if (!('missing' in had)) return suite(had);
    it(`could not be tried: ${had.missing}`, () => {
      console.log(`      NOT TRIED, ${name}: ${had.missing}`);
      assert.equal(process.env.SMTPCHECK_PEERS_REQUIRED, undefined);
    });
    return undefined;
  });
}

/** `suite` gets the folder of each mail server. */
export function onPeers<N extends MailServer>(
  name: string,
  names: readonly N[],
  suite: (roots: Readonly<Record<N, string>>) => void,
): void {
  onPackage(name, installPeers(names), ({ roots }) => suite(roots));
}
