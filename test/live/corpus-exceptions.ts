/** Where this suite, or one version of Haraka's parser, rightly decides otherwise than a case of the corpus asks. */
import type { CorpusException } from './harness/corpus';

export const exceptions: readonly CorpusException[] = [
  {
    id: 'sh-literal-05',
    expect: 'accept',
    reason: 'an IPv4-mapped address is its IPv4 address everywhere in the suite, so this is the listed host itself',
  },
  {
    id: 'sh-domain-13',
    expect: 'accept',
    reason: 'Haraka maps the ideographic full stop to a dot before any plugin, so the recipient is a local one',
  },
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
