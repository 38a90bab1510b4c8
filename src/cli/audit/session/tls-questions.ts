/** The questions about TLS that SMTP and POP3 share. */
import net from 'node:net';
import { type Outcome, report, safe, unknown, unsafe } from '../outcome';
import { type Audit, type Channel, tlsOptionsOf } from './channel';
import { DialogueFault } from './dialogue-fault';
import type { TlsOptions } from './tls-options';

/** Without this OpenSSL refuses the old versions on our side, and the server would seem to. */
const oldTls: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };

export function oldTlsOptions(channel: Channel, audit: Audit): TlsOptions {
  return { ...tlsOptionsOf(channel, audit), ...oldTls };
}

/** `shake` must get as far as a 220 or +OK by itself, so that a `tls` fault is about the handshake and nothing else. */
export async function judgeOldVersions(handshake: () => Promise<string>, strict: boolean): Promise<Outcome> {
  try {
    const version = await handshake();
    const observed = `${version} is taken`;
    return strict ? unsafe(observed) : report(`${observed}; better than clear text, worse than what RFC 8996 allows`);
  } catch (error) {
    if (error instanceof DialogueFault && error.kind === 'tls') {
      if (/no protocols available|unsupported protocol.*client|no ciphers available/i.test(error.message)) {
        return unknown(`this OpenSSL cannot ask: ${error.message}`);
      }
      return safe('TLS 1.0 and 1.1 are refused');
    }
    throw error;
  }
}

export function certificateName(channel: Channel, audit: Audit, serverName: string | undefined): string | undefined {
  return audit.certificateName ?? (net.isIP(channel.host) > 0 ? serverName : channel.host);
}

/** Where clients send a password they check whom they speak to; mail servers among themselves mostly cannot. */
export function sendsPasswords({ protocol, security, port }: Channel): boolean {
  return protocol === 'pop3' || security === 'implicit' || port === 587;
}
