/** What is known of a connection's client. It is kept on the connection, where nobody else sees it. */
import { type ClientNames, isPtrName, unaskedNames } from '../policy/client-names';
import type { Permit } from '../policy/decision';
import type { DenyPolicy } from '../policy/deny-decision';
import { normalizeDnsName } from '../policy/entries/domain-name';
import { type IpAddress, parseAddress } from '../policy/entries/ip-address';
import type { RelayPolicy, TrustPermit } from '../policy/relay-policy';
import type { Connection } from '../types/haraka';
import type { BeforeRecipient } from './dispositions';

export interface Client {
  /** As Haraka writes it. */
  readonly ip: string;
  readonly address: IpAddress | undefined;
  names: ClientNames;
  /** The PTR names alone, where `host.deny` has had them looked up. */
  claims: ClientNames;
  /** What the lists of `policy` decide on the client under these names, before MAIL. It holds as long as no entry can end. */
  judged:
    | { readonly policy: RelayPolicy; readonly names: ClientNames; readonly trust: TrustPermit | undefined }
    | undefined;
  /** The policy that does not deny the address and asks for no name: while it is in force, that is its word. */
  clearedBy: DenyPolicy | undefined;
  /** Why we set `connection.relaying` for the whole connection, if it was us. */
  trust: TrustPermit | undefined;
  /** Trust that was logged and not granted: while observing, or where another plugin had granted it before. */
  announcedTrust: Permit | undefined;
  /** Of the recipient of this RCPT, where other plugins may say more than yes. */
  beforeRecipient: BeforeRecipient | undefined;
  /** We gave trust and took it back, and `connection.relaying` still shows it. */
  withdrawn: boolean;
  /** Trust was withdrawn from this client on this connection. */
  mustReconnect: boolean;
  /** Recipients that their next hop did not know. */
  unknownRecipients: number;
}

/** A symbol of ours: no other plugin, no log and no queue file meets it. A WeakMap would cost a message more than a list. */
const clientKey = Symbol('smtpcheck client');

type Known = Connection & { [clientKey]?: Client };

/** The client as it is now: after a PROXY line or XCLIENT the address is another, and nothing known before counts. */
export function clientOf(connection: Known): Client {
  const ip = connection.remote.ip ?? '';
  const known = connection[clientKey];
  if (known?.ip === ip) return known;
  const client: Client = {
    ip,
    address: parseAddress(ip),
    names: unaskedNames,
    claims: unaskedNames,
    judged: undefined,
    clearedBy: undefined,
    trust: undefined,
    announcedTrust: undefined,
    beforeRecipient: undefined,
    // Trust given to the address before must not survive it.
    withdrawn: known !== undefined && (known.trust !== undefined || known.withdrawn),
    mustReconnect: false,
    unknownRecipients: 0,
  };
  connection[clientKey] = client;
  return client;
}

/** Names that were looked up count for as long as their records do, also for a client that stays connected. */
export function forgetExpiredNames(client: Client): void {
  const { expires } = client.names;
  if (expires !== undefined && expires <= performance.now()) client.names = unaskedNames;
}

/** The PTR name that Haraka's own look-up found, if it found one. */
export function hostNameOf(connection: Connection): string | undefined {
  const { host } = connection.remote;
  return host && isPtrName(host) ? host : undefined;
}

/**
 * What Haraka's own look-up tells of the client's names, at no cost: one of them, or nothing. Its NXDOMAIN says nothing
 * either: Haraka writes that for a SERVFAIL or a timeout too.
 */
export function namesFromHaraka(connection: Connection): ClientNames {
  const name = hostNameOf(connection);
  return name === undefined ? unaskedNames : { ...unaskedNames, claimed: [normalizeDnsName(name)] };
}

/** Whether AUTH succeeded on this connection: such a client relays by its own right. */
export function isAuthenticated(connection: Connection): boolean {
  return Boolean(connection.notes.auth_user);
}

/**
 * The client speaks for itself once it is connected. Haraka would go on to take a PROXY line from whoever came by way of a
 * proxy, and the client behind it could name any address as its own.
 */
export function refuseProxyLines(connection: Connection): void {
  connection.proxy.allowed = false;
}
