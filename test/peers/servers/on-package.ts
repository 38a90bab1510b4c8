/** Tests that need a package of Debian's. Where it cannot be had, that is said; with `SMTPCHECK_PEERS_REQUIRED=1` it is a failure. */
import assert from 'node:assert/strict';
import type { Unpacked } from './install';

/** `notTried`: what is not tried without the package, for the output. */
export function onPackage(name: string, unpacked: Unpacked, notTried: string, suite: (root: string) => void): void {
  describe(name, () => {
    if ('root' in unpacked) return suite(unpacked.root);
    it(`could not be tried: ${unpacked.missing}`, () => {
      console.log(`      ${notTried}: ${unpacked.missing}`);
      assert.equal(process.env.SMTPCHECK_PEERS_REQUIRED, undefined);
    });
    return undefined;
  });
}
