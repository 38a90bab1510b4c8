/** Access to the status: processes that can open a Unix socket, clients on loopback, and clients with the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../policy/settings/setting-kinds';

/** The token in a file, read anew each time, so that it can be changed; `undefined` where there is none. */
export async function readToken(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim() || undefined;
}

/** What a request shows of its client. */
export interface Caller {
  /** The address of ours that the client has connected to; none for a Unix socket. */
  readonly localAddress: string | undefined;
  readonly host: string | undefined;
  readonly authorization: string | undefined;
}

export function callerOf({ socket, headers }: IncomingMessage): Caller {
  return { localAddress: socket.localAddress, host: headers.host, authorization: headers.authorization };
}

/**
 * `tokenPath`: the file with the token, where the settings name one. The status to refuse the client with, or nothing: 401
 * without the right token; 403 where a page of another site has made a browser ask by a name that leads to loopback.
 */
export async function refusalOf(caller: Caller, tokenPath: string): Promise<401 | 403 | undefined> {
  if (caller.localAddress === undefined) return undefined;
  if (tokenPath !== '') return isRight(caller.authorization, await readToken(tokenPath)) ? undefined : 401;
  if (!isLoopback(caller.localAddress)) return 401;
  return isOwnName(caller.host) ? undefined : 403;
}

function isRight(authorization: string | undefined, token: string | undefined): boolean {
  const [, scheme = '', credentials = ''] = /^(Bearer|Basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  const shown = scheme.toLowerCase() === 'basic' ? passwordOf(credentials) : credentials;
  if (shown === '' || token === undefined) return false;
  return timingSafeEqual(digest(shown), digest(token));
}

/** RFC 7617 §2: the user, who is anybody here, has no colon in his name. */
function passwordOf(credentials: string): string {
  return /^[^:]*:(.*)$/s.exec(Buffer.from(credentials, 'base64').toString('utf8'))?.[1] ?? '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isOwnName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:[0-9]*$/, '').toLowerCase();
  return name === 'localhost' || isLoopback(name.replace(/^\[(.*)\]$/, '$1'));
}
