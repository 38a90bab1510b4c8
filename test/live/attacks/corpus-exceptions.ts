/** Where this suite, or one version of Haraka's parser, rightly decides otherwise than a case of the corpus asks. */
import type { CorpusException } from '../../../testkit/live/corpus';

export const exceptions: readonly CorpusException[] = [
  {
    id: 'sh-legit-21',
    version: '3.1',
    expect: 'syntax-error',
    reason: 'Haraka 3.1 itself answers 501 to any blank in a path, before a plugin sees it',
  },
  {
    id: 'sh-legit-26',
    expect: 'refuse',
    reason: 'a route in the local part is refused whatever its domains: a machine behind us may read them otherwise',
  },
];
