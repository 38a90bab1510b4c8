/**
 * sendmail's PrivacyOptions (Sendmail Installation and Operation Guide §5.6), as far as they mean something to Haraka,
 * and what they answer.
 */
import { type Decision, type Pass, pass, refuse, reply } from './decision';

export const privacyFlags = [
  'needmailhelo',
  'needexpnhelo',
  'needvrfyhelo',
  'noexpn',
  'novrfy',
  'noetrn',
  'noverb',
  'authwarnings',
] as const;

export type PrivacyFlag = (typeof privacyFlags)[number];

/** Which flags are set. */
export type PrivacyFlags = Readonly<Record<PrivacyFlag, boolean>>;

/** Words of sendmail's that Haraka has nothing for, each with the reason. */
export const flagsThatDoNotApply: ReadonlyMap<string, string> = new Map([
  ['restrictmailq', 'Haraka has no mailq for local users; its queue folder is protected by file permissions'],
  ['restrictqrun', 'local users cannot run the queue of Haraka'],
  ['restrictexpand', 'Haraka has no -bv and expands no aliases for local users'],
  ['noreceipts', 'Haraka does not offer DSN and sends no success receipts'],
  ['nobodyreturn', 'what bounces hold is set in outbound.bounce_message and outbound.ini'],
  ['noactualrecipient', 'Haraka writes no X-Actual-Recipient into its bounces'],
]);

/**
 * `goaway` is every flag about what strangers may ask. noetrn is not among them in sendmail either; noexpn brings noverb
 * along.
 */
const goaway: readonly PrivacyFlag[] = [
  'needmailhelo',
  'needexpnhelo',
  'needvrfyhelo',
  'noexpn',
  'novrfy',
  'authwarnings',
];

/** All words that `[privacy] flags` may hold. */
export const flagWords: readonly string[] = ['public', ...privacyFlags, 'goaway', ...flagsThatDoNotApply.keys()];

/** The flags that a list of words sets. `noexpn` implies `noverb`, as in sendmail; unknown words set nothing. */
export function expandFlags(words: readonly string[]): PrivacyFlags {
  const set = new Set(words.flatMap((word) => (word === 'goaway' ? goaway : word)));
  if (set.has('noexpn')) set.add('noverb');
  return Object.fromEntries(privacyFlags.map((flag) => [flag, set.has(flag)])) as Record<PrivacyFlag, boolean>;
}

export interface PrivacyPolicy {
  readonly flags: PrivacyFlags;
  /** What VRFY is answered with `novrfy`: RFC 5321 §7.3 asks for 252. */
  readonly vrfyReply: 252 | 502;
}

export interface PrivacyRequest {
  /** The command's word, upper case. */
  readonly command: string;
  /** Whether the client has said HELO or EHLO. */
  readonly introduced: boolean;
}

export type PrivacyRule =
  | 'novrfy'
  | 'needvrfyhelo'
  | 'noexpn'
  | 'needexpnhelo'
  | 'noetrn'
  | 'noverb'
  | 'command-allowed';

/** The reply depends on the flags and the greeting alone: never on the argument, which may name a user. */
export function decideCommand(policy: PrivacyPolicy, request: PrivacyRequest): Decision<PrivacyRule> {
  const { flags } = policy;
  switch (request.command) {
    case 'VRFY':
      if (flags.novrfy) return refuse('novrfy', policy.vrfyReply === 252 ? cannotVrfy : notAllowed);
      return introduced(flags.needvrfyhelo, 'needvrfyhelo', request);
    case 'EXPN':
      if (flags.noexpn) return refuse('noexpn', notAllowed);
      return introduced(flags.needexpnhelo, 'needexpnhelo', request);
    case 'ETRN':
      return flags.noetrn ? refuse('noetrn', notAllowed) : allowed;
    case 'VERB':
      return flags.noverb ? refuse('noverb', notAllowed) : allowed;
    default:
      return allowed;
  }
}

function introduced(needed: boolean, rule: PrivacyRule, request: PrivacyRequest): Decision<PrivacyRule> {
  return needed && !request.introduced ? refuse(rule, introduceFirst) : allowed;
}

const allowed: Pass<PrivacyRule> = pass('command-allowed');
const cannotVrfy = reply(252, '2.5.2', 'Cannot VRFY user; try RCPT to attempt delivery');
const notAllowed = reply(502, '5.7.0', 'Sorry, we do not allow this operation');
const introduceFirst = reply(503, '5.0.0', 'I demand that you introduce yourself first');
