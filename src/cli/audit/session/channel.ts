/** The ways into a server that one audit tries: an address, a port, and where TLS begins. */
import { randomBytes } from 'node:crypto';
import type { Site } from '../site';
import type { Transcript } from '../transcript';
import type { Limits, Peer } from './dialogue';
import type { RequestBudget } from './request-budget';
import type { TlsOptions } from './tls-options';

export type Protocol = 'smtp' | 'pop3';

/** `plain` is before any TLS, `starttls` after STARTTLS or STLS, `implicit` TLS from the first byte. */
export type Security = 'plain' | 'starttls' | 'implicit';

export interface Channel {
  readonly protocol: Protocol;
  /** As the operator wrote it: a name, or an address. */
  readonly host: string;
  readonly address: string;
  readonly family: 4 | 6;
  readonly port: number;
  readonly security: Security;
}

/** What all contexts of one audit share. */
export interface Audit {
  readonly site: Site;
  readonly limits: Limits;
  readonly budget: RequestBudget;
  readonly transcript: Transcript;
  /** What we call ourselves in EHLO. */
  readonly helloName: string;
  /** Local addresses to connect from, by family. */
  readonly from: { readonly 4?: string | undefined; readonly 6?: string | undefined };
  /** The name that certificates should carry, where the operator says so. */
  readonly certificateName: string | undefined;
  readonly roots: readonly string[];
  readonly canary: string | undefined;
  readonly smuggling: boolean;
  /** Senders to try, in this order, until one gets past MAIL. */
  readonly senders: readonly string[];
  /** A mailbox of a third party, which a stranger must not reach through this server. */
  readonly foreign: { readonly user: string; readonly domain: string };
  /** Names that a mailbox is likely to have. */
  readonly likelyUsers: readonly string[];
}

export function channelName({ protocol, address, port, security }: Channel): string {
  const at = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const how =
    security === 'plain' ? '' : security === 'implicit' ? ' TLS' : protocol === 'smtp' ? ' STARTTLS' : ' STLS';
  return `${protocol} ${at}${how}`;
}

export function peerOf(channel: Channel, audit: Audit): Peer {
  return { address: channel.address, port: channel.port, from: audit.from[channel.family] };
}

export function tlsOptionsOf(channel: Channel, audit: Audit): TlsOptions {
  return { serverName: audit.certificateName ?? channel.host, roots: audit.roots };
}

/** No mailbox has this name; it is new each time, so that no cache can answer for it. */
export function randomUser(): string {
  return `zz-${randomBytes(6).toString('hex')}`;
}
