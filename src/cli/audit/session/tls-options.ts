/** What a TLS session of the audit is asked to be, and what it turned out to be. */
import net from 'node:net';
import tls from 'node:tls';

export interface TlsOptions {
  /** The name for SNI; an address has none. */
  readonly serverName?: string | undefined;
  readonly minVersion?: tls.SecureVersion;
  readonly maxVersion?: tls.SecureVersion;
  readonly ciphers?: string;
  /** Further trusted roots, in PEM, beside those of Node. */
  readonly roots?: readonly string[];
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly certificate: tls.DetailedPeerCertificate;
  /** Why the chain is not trusted: OpenSSL's word, such as `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly distrust: string | undefined;
}

export function connectOptionsFor(socket: net.Socket, options: TlsOptions): tls.ConnectionOptions {
  return {
    socket,
    // Judging a certificate is the audit's work: it must see the bad ones too.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(options.serverName === undefined || net.isIP(options.serverName) > 0 ? {} : { servername: options.serverName }),
    ...(options.minVersion === undefined ? {} : { minVersion: options.minVersion }),
    ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
    ...(options.roots === undefined || options.roots.length === 0 ? {} : trusting(options.roots, options)),
  };
}

const contexts = new WeakMap<readonly string[], tls.SecureContext>();

/** Reading all of Node's roots anew takes longer than a handshake, so it is done once. */
function trusting(roots: readonly string[], { minVersion, ciphers }: TlsOptions): tls.ConnectionOptions {
  const ca = [...tls.rootCertificates, ...roots];
  if (minVersion !== undefined || ciphers !== undefined) return { ca };
  const secureContext = contexts.get(roots) ?? tls.createSecureContext({ ca });
  contexts.set(roots, secureContext);
  return { secureContext };
}
