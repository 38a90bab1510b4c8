/**
 * Local parts (RFC 5321 §4.1.2): the form in which two spellings of one mailbox compare equal, and whether one carries
 * a route to another host.
 */
import { isAscii } from './findings/characters';

const atext = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+)*$/;
const quoted = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u0080-\uffff]|\\[\x20-\x7e])*"$/;

/** What the local part says once quotes and backslashes are taken off. */
export function unquoteLocalPart(localPart: string): string {
  const inner = localPart.startsWith('"') && localPart.endsWith('"') && localPart.length > 1;
  return (inner ? localPart.slice(1, -1) : localPart).replace(/\\(.)/gs, '$1');
}

/**
 * The local part as a key: lower case, and without quotes it can do without (`"john.smith"` is `john.smith`).
 * `undefined` where RFC 5321 knows no such local part.
 */
export function foldLocalPart(localPart: string): string | undefined {
  if (atext.test(localPart)) return lowerCase(localPart);
  if (!quoted.test(localPart)) return undefined;
  const content = lowerCase(unquoteLocalPart(localPart));
  return atext.test(content) ? content : `"${content.replace(/[\\"]/g, '\\$&')}"`;
}

/** The Kelvin sign and the dotted İ would become ASCII letters, and their mailbox somebody else's. */
function lowerCase(text: string): string {
  return text.replace(/[^\u212a\u0130]+/g, (part) => part.toLowerCase());
}

/** The mailbox as one key of bytes, for a table: lower case (`[IPv6:…]` too), characters beyond ASCII as UTF-8 octets. */
export function mailboxKey(localPart: string, domain: string): string {
  const key = `${localPart}@${domain.toLowerCase()}`;
  return isAscii(key) ? key : Buffer.from(key, 'utf8').toString('latin1');
}

/** The mailbox that the key stands for; its domain is empty for a user at any domain. */
export function mailboxOfKey(key: string): { readonly localPart: string; readonly domain: string } {
  const text = Buffer.from(key, 'latin1').toString('utf8');
  const at = text.lastIndexOf('@');
  return { localPart: text.slice(0, at), domain: text.slice(at + 1) };
}

/**
 * An address of Internet mail in the attribute of an X.400 address (RFC 2156, MIXER), which gateways unwrap:
 * `/DD.RFC-822=user(a)host/`, `/S=user(a)host/O=x/`.
 */
function holdsMixerAddress(content: string): boolean {
  if (/(?:^|[/;])\s*(?:dda?[.:]\s*)?rfc-?822\s*=/i.test(content)) return true;
  if (!/(?:^\s*dda?[.:]|[/;])[^/;=]*=/i.test(content)) return false;
  // (a) is @, (p) is %, (b) is !, and so is the number of each, in decimal or, to some gateways, in octal.
  return /[^\s/;=]\((?:[apb]|064|037|033|100|045|041)\)[^\s/;]/i.test(content);
}

/**
 * Whether a machine behind us might take the local part for an address of its own: `user%host`, `host!user`,
 * `user@host` in quotes or escaped, and the encapsulations that some gateways unwrap. Mail to such a recipient is
 * local by its domain and may still end anywhere. Ordinary odd local parts (VERP, SRS, BATV) are not routes.
 */
export function carriesRoute(localPart: string): boolean {
  if (/^[A-Za-z0-9._-]*$/.test(localPart)) return false;
  let content = unquoteLocalPart(localPart);
  // A host that normalises reads a full-width percent, bang or at sign as the plain one.
  if (!isAscii(content)) content = content.normalize('NFKC');
  // With nothing on one side too: who reads a route there reads an empty host or user, and may repair it.
  if (/[@%!]/.test(content)) return true;
  // host:user was Berknet's route, node::user DECnet's; both need quotes today.
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+:.|.::./is.test(content)) return true;
  // Exchange's encapsulation of an SMTP address: +40 is its at sign.
  return /^IMCEASMTP-.*\+40/is.test(content) || holdsMixerAddress(content);
}
