/** sendmail's PrivacyOptions, in whichever file they stand: the flags that mean something here, and remarks on the rest. */

import { flagsThatDoNotApply, privacyFlags } from '../../../../policy/privacy';
import { words } from '../../../../policy/settings/setting-kinds';
import type { Collector } from '../../collector';

const meaningful: ReadonlySet<string> = new Set([...privacyFlags, 'goaway']);

/** Reads `needmailhelo,noexpn …`; sendmail divides by commas or blanks and ignores case. */
export function addPrivacyFlags(out: Collector, flagWords: string, line: number, text: string): void {
  // m4 leaves quotes within quotes, and `defn(…)' adds to flags that were set before.
  const asked = words(flagWords.toLowerCase().replace(/defn\([^)]*\)|[`']/g, ''));
  for (const word of asked) {
    if (flagsThatDoNotApply.has(word)) out.remark('flag-without-meaning', { line, text }, word);
    else if (!meaningful.has(word) && word !== 'public') out.remark('flag-unknown', { line, text }, word);
  }
  const flags = asked.filter((word) => meaningful.has(word));
  if (asked.includes('public')) out.remark('flags-public', { line, text });
  else if (asked.length > 0) out.set({ key: 'flags', value: flags }, line);
}
