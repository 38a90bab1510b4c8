/** A client behind a proxy that speaks Haraka's PROXY protocol. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type HarakaVersion, harakaPackage } from '../../examples/haraka-directory';
import { SmtpClient } from './smtp-client';

export interface Proxied {
  readonly port: number;
  /** The proxy's own address. */
  readonly proxy?: string;
  /** Whom the proxy says it speaks for. */
  readonly client: string;
  /** Milliseconds to wait for a reply. */
  readonly timeout?: number;
}

/** Resolves with the greeting read. */
export async function connectBehindProxy({
  port,
  proxy = '127.0.0.1',
  client,
  timeout = 10_000,
}: Proxied): Promise<SmtpClient> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: proxy });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const session = new SmtpClient(socket, timeout);
  const [protocol, here] = client.includes(':') ? ['TCP6', '2001:db8::1'] : ['TCP4', '192.0.2.1'];
  session.write(`PROXY ${protocol} ${client} ${here} 40000 25\r\n`);
  await session.greet();
  return session;
}

/** Haraka's own `connection.ini`, with these proxies. */
export function connectionIni(version: HarakaVersion, proxies: readonly string[]): string {
  const shipped = fs.readFileSync(path.join(harakaPackage(version), 'config', 'connection.ini'), 'utf8');
  return shipped.replace(/^hosts\[\] *=.*$/m, proxies.map((address) => `hosts[] = ${address}`).join('\n'));
}
