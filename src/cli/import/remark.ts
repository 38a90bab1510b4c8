/** Remarks of an import about a source line, as data; `prose.ts` has their texts. Codes are never reused. */
import type { Problem } from '../../policy/entries/entry';
import type { SourceLine } from '../../policy/findings/finding';

export const remarkCodes = [
  // any source
  'refused-entry',
  'loopback',
  'loopback-kept',
  'not-a-host-name',
  'already-covered',
  'excludes-nothing',
  'contradiction',
  'also-local',
  'file-missing',
  'subdomains-only',
  // sendmail's access map, relay-domains and local-host-names
  'access-line',
  'access-value',
  'access-from-relay',
  'access-from',
  'access-sender-half',
  'access-certificate',
  'access-other-tag',
  'access-never-matches',
  'access-cidr',
  'access-quarantine',
  'access-reply-lost',
  'access-refused-outright',
  'access-full-address',
  'access-user-relay',
  'access-user',
  'access-ok',
  'access-recipient',
  'user-before-domain',
  'user-behind-domain',
  'class-option',
  // sendmail.mc and sendmail.cf
  'promiscuous-relay',
  'relay-entire-domain',
  'relay-by-mx',
  'relay-by-sender',
  'loose-relay-check',
  'sender-checks',
  'smart-host',
  'other-plugin',
  'mc-include',
  'own-rulesets',
  'trusted-auth',
  'map-unreadable',
  'flag-without-meaning',
  'flag-unknown',
  'flags-public',
  // CF
  'cf-unrestricted',
  'cf-key',
  'cf-shell',
  'cf-variable',
  'cf-trusted-in-spite',
  'map-ends-list',
  // Postfix
  'postfix-syntax',
  'postfix-mynetworks-unset',
  'postfix-mynetworks-unused',
  'postfix-relay-domains-unused',
  'postfix-variable',
  'postfix-table-line',
  'postfix-table-value',
  'postfix-table-condition',
  'postfix-table-pattern',
  'postfix-trusted-in-spite',
  'postfix-never-reached',
  'postfix-never-matches',
  'postfix-behind-exclusion',
  'postfix-mx-backup',
  'postfix-permits',
  'postfix-unrestricted',
  'postfix-client-order',
  'postfix-client-permits',
  'postfix-refused-elsewhere',
  'postfix-check',
  'postfix-refuses-all',
  'postfix-auth',
  'postfix-virtual',
  'postfix-route',
  'postfix-recipient',
  'postfix-no-recipients',
  'postfix-trusted-recipients',
  // Haraka's relay plugin
  'haraka-all',
  'haraka-acl-off',
  'haraka-dest-off',
  'haraka-acl-syntax',
  'haraka-ini-syntax',
  'haraka-host-bits',
  'haraka-bare-ipv6',
  'haraka-dest-value',
  'haraka-dest-relaying',
  'haraka-any-route',
] as const;

export type RemarkCode = (typeof remarkCodes)[number];

export interface Remark {
  readonly code: RemarkCode;
  readonly at: SourceLine;
  /** The text of the source line. */
  readonly text: string;
  /** Inserted into the code's sentence: a name, a value, another line. */
  readonly detail?: string;
  /** The problem that the suite's own parser found. */
  readonly problem?: Problem;
}
