/**
 * What can be wrong with something an operator wrote, as data. A finding says where and what; `finding-text.ts` turns
 * it into prose, `docs/reference/rules.md` has a heading for each code. Codes name the fault and are never reused.
 */
import { shortened } from './characters';

/** A line of a file, both as the operator knows them. Lines and columns count from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/** `fault`: the file is not loaded. `warning`: loaded, but likely not what was meant. */
export type Severity = 'fault' | 'warning';

export interface Finding<Code extends string = FindingCode> {
  readonly code: Code;
  readonly severity: Severity;
  readonly at: SourceLine & { readonly column?: number };
  /** The text as written, cut where it is very long. */
  readonly text: string;
  /** What to write instead, where one form is likely meant. */
  readonly suggestion?: string;
  /** What the code's sentence needs besides: a name, a limit, another line. */
  readonly detail?: string;
}

export const findingCodes = [
  // any list
  'list-format',
  'bad-characters',
  'unexpected-text',
  'hash-in-mailbox',
  'contradiction',
  'file-missing',
  'file-unreadable',
  'redis-plugin-missing',
  'redis-type',
  // addresses
  'address-syntax',
  'address-leading-zero',
  'address-octet-range',
  'address-brackets',
  'address-zone',
  'address-not-here',
  'address-range',
  'prefix-length',
  'prefix-everything',
  'prefix-host-bits',
  'prefix-partial',
  // domains
  'domain-syntax',
  'domain-leading-dot',
  'domain-wildcard',
  'domain-public-suffix',
  'domain-not-here',
  // recipients and next hops
  'mailbox-syntax',
  'mailbox-not-here',
  'mx-not-here',
  'mx-network',
  'route-syntax',
  'route-not-here',
  'verify-not-here',
  // attributes
  'attribute-unknown',
  'attribute-not-here',
  'attribute-value',
  'attribute-twice',
  // local domains
  'pattern-syntax',
  // relay.map
  'map-key-syntax',
  'map-tag-unknown',
  'map-from-relay',
  'map-user-relay',
  'map-value-missing',
  'map-value-unknown',
  'map-reply-syntax',
  // smtpcheck.ini
  'ini-syntax',
  'ini-section-unknown',
  'ini-key-unknown',
  'ini-key-twice',
  'ini-value',
  'flag-unknown',
  'flag-does-not-apply',
  'status-token-missing',
] as const;

export type FindingCode = (typeof findingCodes)[number];

export function fault(
  code: FindingCode,
  at: Finding['at'],
  written: string,
  more: Pick<Finding, 'suggestion' | 'detail'> = {},
): Finding {
  return { code, severity: 'fault', at, text: shortened(written), ...more };
}

export function warning(
  code: FindingCode,
  at: Finding['at'],
  written: string,
  more: Pick<Finding, 'suggestion' | 'detail'> = {},
): Finding {
  return { code, severity: 'warning', at, text: shortened(written), ...more };
}

export function hasFault(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'fault');
}
