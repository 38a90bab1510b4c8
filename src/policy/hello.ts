/** What a client says of itself at HELO and EHLO: a claim, but one that must be well formed. */
import { type Decision, pass, refuse, reply } from './decision';

/** RFC 5321 §4.5.3.1.2: a domain is 255 octets at most. */
const longest = 255;

/**
 * Whether the name is made of what a domain or an address literal is made of (RFC 5321 §4.1.1.1, §4.1.3). Like
 * sendmail it looks at characters and length, not at whether such a domain exists; underscores are common and pass.
 */
export function isWellFormedHello(name: string): boolean {
  if (name.length > longest) return false;
  return /^(?:[A-Za-z0-9._-]+|\[[A-Za-z0-9.:_-]+\])$/.test(name);
}

export type HelloRule = 'hello-malformed' | 'hello-missing' | 'hello-well-formed';

const wellFormed = pass('hello-well-formed');

/** At HELO and EHLO. */
export function decideHello(name: string): Decision<HelloRule> {
  if (isWellFormedHello(name)) return wellFormed;
  return refuse('hello-malformed', reply(501, '5.0.0', 'Invalid domain name'));
}

/** At MAIL, with `needmailhelo`: `undefined` when the client has not introduced itself. */
export function decideMailHello(name: string | undefined): Decision<HelloRule> {
  if (name && isWellFormedHello(name)) return wellFormed;
  return refuse('hello-missing', reply(503, '5.0.0', 'Polite people say HELO first'));
}
