/** The kinds of file that can be imported. */
export const sourceTypes = [
  'cf-def',
  'cf-localip',
  'cf-localdomain',
  'cf-relay-to',
  'cf-host-deny',
  'cf-relay-map',
  'sendmail-access',
  'relay-domains',
  'local-host-names',
  'virtual-domains',
  'sendmail-mailertable',
  'sendmail-virtusertable',
  'sendmail-mc',
  'sendmail-cf',
  'postfix-main',
  'postfix-mynetworks',
  'postfix-mynetworks-cidr',
  'postfix-mynetworks-hash',
  'postfix-relay-domains',
  'postfix-relay-domains-hash',
  'postfix-destination',
  'postfix-destination-hash',
  'postfix-relay-recipients',
  'postfix-transport',
  'postfix-client-access-cidr',
  'postfix-client-access-hash',
  'postfix-recipient-access',
  'postfix-virtual',
  'postfix-master',
  'postfix-services',
  'haraka-relay-ini',
  'haraka-relay-acl',
  'haraka-dest-domains',
] as const;

export type SourceType = (typeof sourceTypes)[number];

/** Sources that name other sources or change how they are read; read first. */
export const leadingTypes: ReadonlySet<SourceType> = new Set<SourceType>([
  'cf-def',
  'sendmail-mc',
  'sendmail-cf',
  'postfix-main',
  'haraka-relay-ini',
]);

export function isSourceType(text: string): text is SourceType {
  return (sourceTypes as readonly string[]).includes(text);
}
