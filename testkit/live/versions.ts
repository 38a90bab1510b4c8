/**
 * Which versions of Haraka the live tests run. `npm test` runs all of them with the newest, and with the other what Haraka answers
 * or does differently there; `npm run test:all` runs everything with both.
 */
import { everything } from '../extent';
import type { HarakaVersion } from './haraka';

/** For tests of what differs between the versions. */
export const supportedVersions: readonly HarakaVersion[] = ['3.3', '3.1'];

/** For all other tests. */
export const versions: readonly HarakaVersion[] = everything ? supportedVersions : supportedVersions.slice(0, 1);

/** Whether a file that runs both versions is to run more with this one than the cases that differ. */
export function runsInFull(version: HarakaVersion): boolean {
  return versions.includes(version);
}
