/**
 * The wording of remarks. A remark is an effect on who may relay, most of which several remarks share, applied to one
 * sentence about the line: `stricter('a bare IPv6 address; written as one host.')`.
 */

/** `left-out`: nothing of it was carried over. `changed`: it was, and acts differently. `note`: nothing was lost. */
export type RemarkKind = 'left-out' | 'changed' | 'note';

export interface Wording {
  readonly kind: RemarkKind;
  /** `{detail}` stands for the remark's detail. */
  readonly message: string;
  readonly effect: string;
  readonly suggestion?: string;
  /** Several of one file are reported as one, with their lines. */
  readonly folds?: true;
}

/** The wording with this effect; a suggestion given here replaces that of the effect. */
type Effect = (message: string, suggestion?: string) => Wording;

function effectOf(kind: RemarkKind, effect: string, usual?: string): Effect {
  return (message, suggestion = usual) => ({ kind, message, effect, ...(suggestion ? { suggestion } : {}) });
}

export const leftOut = (effect: string, suggestion?: string) => effectOf('left-out', effect, suggestion);
export const changed = (effect: string, suggestion?: string) => effectOf('changed', effect, suggestion);
export const note = (effect: string, suggestion?: string) => effectOf('note', effect, suggestion);

/** For remarks of which a file may have many, none worth a line of its own. */
export const folded = (wording: Wording): Wording => ({ ...wording, folds: true });

export const nothingChanges = note('nothing changes.');
export const hadNoEffect = leftOut('nothing changes; it had no effect before.');
export const neverRelayed = leftOut('none: it never let anyone relay.');
/** For a refusal that acts differently. */
export const onlyRefused = changed('none: it never let anyone relay.');
/** For what refused mail and is not carried over. */
export const onlyItRefused = leftOut('whom only it refused is not refused, and relays where a list permits it.');
export const stricter = changed('stricter than the source.');
export const unlisted = leftOut(
  'what it names is treated as unlisted: not relayed for; and, where it was to be refused, not refused.',
);
export const notInForce = leftOut('what only it permitted is not permitted here; what only it refused is not refused.');
export const unknownEffect = leftOut('what it sets is unknown here; nothing was assumed to be allowed.');
/** For checks around the policy. */
export const notChecked = leftOut('what only it refused is not refused.');
export const notRelayedTo = leftOut('it is not relayed to.');
export const notLocal = leftOut('mail for it is not taken as local; strangers get "Relaying denied".');
export const sameClients = leftOut('nothing changes for who may relay.');
export const strangersRefused = leftOut(
  'strangers may not relay: restriction=true stays.',
  'list the clients that need it in localip or localdomain.',
);
export const nobodyByIt = leftOut(
  'nobody may relay by it.',
  'list the client in localip or localdomain, or let it log in (AUTH).',
);

// The same remark for several servers.
export const relayByMx = leftOut('domains that you are backup MX for are refused unless listed.')(
  'anyone who points an MX record at you could use you as relay.',
  'write each of them into relay.to, or the addresses of the mail hosts before you as mx: entries.',
);
export const authenticatedUsers = note('users who log in may relay here too, once an auth plugin is set up in Haraka.')(
  'relaying for authenticated users.',
);
export const nextHop = sameClients(
  'where outgoing mail goes is not part of this policy.',
  'set it in Haraka: queue/smtp_forward, or a get_mx plugin.',
);
