/** The reader of each kind of source. */

import type { ReaderContext, Reading } from './site-policy';
import type { SourceType } from './source-type';
import { readCfDef } from './sources/cf/cf-def';
import { readCfList, readCfRelayMap } from './sources/cf/cf-list';
import { readHarakaDestDomains, readHarakaRelayAcl, readHarakaRelayIni } from './sources/haraka-relay';
import { readPostfixMain } from './sources/postfix/postfix-main';
import { readPostfixMaster, readPostfixServices } from './sources/postfix/postfix-master';
import * as tables from './sources/postfix/postfix-tables';
import { readLocalHostNames } from './sources/sendmail/local-host-names';
import { readMailertable } from './sources/sendmail/mailertable';
import { readRelayDomains } from './sources/sendmail/relay-domains';
import { readSendmailAccess } from './sources/sendmail/sendmail-access';
import { readSendmailCf } from './sources/sendmail/sendmail-cf';
import { readSendmailMc } from './sources/sendmail/sendmail-mc';
import { readVirtualDomains } from './sources/sendmail/virtual-domains';
import { readVirtusertable } from './sources/sendmail/virtusertable';

/** Reads a source's text. Never throws; every line that is not carried over has its remark. */
export type Reader = (text: string, context: ReaderContext) => Reading;

export const readers: Readonly<Record<SourceType, Reader>> = {
  'cf-def': readCfDef,
  'cf-localip': readCfList('cf-localip'),
  'cf-localdomain': readCfList('cf-localdomain'),
  'cf-relay-to': readCfList('cf-relay-to'),
  'cf-host-deny': readCfList('cf-host-deny'),
  'cf-relay-map': readCfRelayMap,
  'sendmail-access': readSendmailAccess,
  'relay-domains': readRelayDomains,
  'local-host-names': readLocalHostNames,
  'virtual-domains': readVirtualDomains,
  'sendmail-mailertable': readMailertable,
  'sendmail-virtusertable': readVirtusertable,
  'sendmail-mc': readSendmailMc,
  'sendmail-cf': readSendmailCf,
  'postfix-main': readPostfixMain,
  'postfix-mynetworks': tables.readMynetworksFile,
  'postfix-mynetworks-cidr': tables.readMynetworksCidr,
  'postfix-mynetworks-hash': tables.readMynetworksHash,
  'postfix-relay-domains': tables.readRelayDomainsFile,
  'postfix-relay-domains-hash': tables.readRelayDomainsHash,
  'postfix-destination': tables.readDestinationFile,
  'postfix-destination-hash': tables.readDestinationHash,
  'postfix-relay-recipients': tables.readRelayRecipients,
  'postfix-transport': tables.readTransport,
  'postfix-client-access-cidr': tables.readClientAccessCidr,
  'postfix-client-access-hash': tables.readClientAccessHash,
  'postfix-recipient-access': tables.readRecipientAccess,
  'postfix-virtual': tables.readVirtual,
  'postfix-master': readPostfixMaster,
  'postfix-services': readPostfixServices,
  'haraka-relay-ini': readHarakaRelayIni,
  'haraka-relay-acl': readHarakaRelayAcl,
  'haraka-dest-domains': readHarakaDestDomains,
};
