/** Recognises the type of a source file by its name and content. In doubt it returns none: the operator has `--type`. */
import { basename } from 'node:path';
import { words } from '../../policy/settings/setting-kinds';
import type { SourceType } from './source-type';
import { splitLines } from './sources/text-lines';

const byName: readonly (readonly [RegExp, SourceType])[] = [
  [/^relay_acl_allow$/, 'haraka-relay-acl'],
  [/^relay_dest_domains\.ini$/, 'haraka-dest-domains'],
  [/^relay\.ini$/, 'haraka-relay-ini'],
  [/^(?:local-host-names|sendmail\.cw)$/, 'local-host-names'],
  [/^virtuser[-_]domains$/, 'virtual-domains'],
  [/^mailertable$/, 'sendmail-mailertable'],
  [/^virtusertable$/, 'sendmail-virtusertable'],
  [/^(?:sendmail\.)?localip$/, 'cf-localip'],
  [/^(?:sendmail\.)?localdomain$/, 'cf-localdomain'],
  [/^(?:sendmail\.)?relay\.to$/, 'cf-relay-to'],
  [/^(?:sendmail\.deny|host\.deny)$/, 'cf-host-deny'],
  [/^(?:sendmail\.)?relay\.map$/, 'cf-relay-map'],
];

/** A line that only one kind of source has. */
const byContent: readonly (readonly [RegExp, SourceType])[] = [
  [/^\s*(?:FEATURE|MAILER|OSTYPE|define|VERSIONID|divert|RELAY_DOMAIN|LOCAL_DOMAIN)\(/, 'sendmail-mc'],
  [/^(?:V[0-9]+\/|DZ[0-9]|O ?PrivacyOptions|Scheck_rcpt|SBasic_check_rcpt)/, 'sendmail-cf'],
  [
    /^(?:export\s+)?(?:CF_TYPE|MAIL_RELAY_RESTRICTION|LOCAL_HOST_(?:IPADDR|DOMAIN)|ALLOW_RELAY_TO|RELAY_MAP|CHECK_HOST_DENY|PRIVACY_FLAGS)=/,
    'cf-def',
  ],
  [
    /^(?:mynetworks|relay_domains|mydestination|myhostname|smtpd_\w+|compatibility_level|config_directory|queue_directory|inet_interfaces)\s*=/,
    'postfix-main',
  ],
  [/^\S+\/(?:inet|unix|unix-dgram|fifo|pass)\/[^\s/=]+ = /, 'postfix-services'],
  [/^\S+\s+(?:inet|unix|fifo|pass)\s+[yn-]\s+[yn-]\s+[yn-]\s+\S+\s+\S+\s+\S/, 'postfix-master'],
  [/^(?:Connect|From|To):\S+\s+\S/i, 'sendmail-access'],
  [/^\S+\s+(?:RELAY|DISCARD|SKIP|ERROR:.*)$/, 'sendmail-access'],
];

export function recognise(path: string, text: string): SourceType | undefined {
  const name = basename(path);
  const lines = splitLines(text).map((line) => line.text);
  const type = byContent.find(([pattern]) => lines.some((line) => pattern.test(line)))?.[1];
  const named = byName.find(([pattern]) => pattern.test(name))?.[1];
  // `relay.map` and the like hold lines in access form; their name says what they are for.
  if (named) return named;
  if (/^relay[-_]domains$/.test(name)) return relayDomainsType(path, lines);
  if (type) return type;
  if (/\.mc$/.test(name)) return 'sendmail-mc';
  if (/\.def$/.test(name)) return 'cf-def';
  if (name === 'main.cf') return 'postfix-main';
  if (name === 'master.cf') return 'postfix-master';
  if (name === 'sendmail.cf') return 'sendmail-cf';
  // Postfix has tables of this name and with these values as well, and reads them otherwise.
  if (name === 'access' && !/postfix/.test(path)) return 'sendmail-access';
  return undefined;
}

/**
 * sendmail's class R lets its members relay anywhere, Postfix's list of that name lets anybody relay to them. One has
 * members alone, and a table of the other a value behind each.
 */
function relayDomainsType(path: string, lines: readonly string[]): SourceType | undefined {
  const entries = lines.filter((line) => /^[^#\s]/.test(line)).map((line) => words(line.replace(/\s#.*/, '')).length);
  if (basename(path) === 'relay-domains' && !/postfix/.test(path)) {
    return entries.every((count) => count === 1) ? 'relay-domains' : undefined;
  }
  return entries.length > 0 && entries.every((count) => count > 1) ? 'postfix-relay-domains-hash' : undefined;
}
