/**
 * The policy as values and functions: no Haraka, no files, no clock, no DNS. What runs for each message imports from the
 * modules themselves: in CommonJS each use of a name goes through a getter here.
 */
export { type AuthWarningRequest, authWarningHeader, authWarnings } from './auth-warning';
export { isAscii, printable, printableLines } from './characters';
export { type ClientNames, isForged, noNames, unaskedNames, unknownNames } from './client-names';
export { decideTrust } from './client-trust';
export {
  type Decision,
  type Defer,
  defer,
  formatReply,
  type Pass,
  type Permit,
  pass,
  permit,
  type Refuse,
  type Reply,
  refuse,
  reply,
} from './decision';
export {
  type DenyDecision,
  type DenyPolicy,
  type DenyRequest,
  type DenyRule,
  decideDeny,
  denyNeedsClientName,
} from './deny-decision';
export { type AcceptedRecipient, decideDisposition } from './disposition';
export { canonicalDomain, isPublicSuffix, normalizeDnsName, parseDomainName } from './domain-name';
export { type Entry, type EntryKind, formatEntry, isProblem, type Problem, parseEntry } from './entry';
export type { Recipient } from './entry-tables';
export {
  type Finding,
  type FindingCode,
  fault,
  findingCodes,
  hasFault,
  type Severity,
  type SourceLine,
} from './finding';
export { describeFault, describeFinding, type Wording, worded } from './finding-text';
export { decideHello, decideMailHello, type HelloRule, isWellFormedHello } from './hello';
export { type Ini, type IniEntry, parseIni } from './ini';
export {
  formatAddress,
  type IpAddress,
  maskAddress,
  parseAddress,
  parseAddressLiteral,
  sameAddress,
} from './ip-address';
export { memoryFor } from './large-memory';
export { forEachLine, Line } from './lines';
export {
  admits,
  type ListData,
  type ListEntry,
  type ListKind,
  listKinds,
  PolicyList,
  parseList,
  parseListLine,
} from './list';
export type { ListSource, RedisKey, RedisServer } from './list-source';
export { LocalDomains, type LocalDomainsData, parseHostList, parseHostListRegex } from './local-domains';
export { carriesRoute } from './mailbox';
export { type MapRow, parseMapLine } from './map-line';
export type { MapValue } from './map-value';
export { betterThanOurs, type Exchange } from './mx-rule';
export type { Parsed } from './parse-lines';
export {
  decideCommand,
  expandFlags,
  type PrivacyPolicy,
  type PrivacyRequest,
  type PrivacyRule,
  privacyFlags,
} from './privacy';
export { decideRecipientForm, type FormDecision, type FormRequest, formNeedsClientName } from './recipient-form';
export { decideRelay, findDestination, needsClientName } from './relay-decision';
export { parseRelayMap, RelayMap, type RelayMapData } from './relay-map';
export type { Disposition, RelayDecision, RelayPermit, RelayPolicy, RelayRequest, RelayRule } from './relay-policy';
export { formatRoute, parseRoute, type Route } from './route';
export { type Setting, words } from './setting-kinds';
export {
  type Mode,
  modeOf,
  type ParsedSettings,
  type PluginName,
  parseSettings,
  pluginNames,
  privacyFlagsOf,
} from './settings';
export { type SectionName, type Settings, settingsDescription } from './settings-description';
export { describeAsIni, describeAsTable } from './settings-text';
export { nearest } from './suggest';
