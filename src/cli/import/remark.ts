/** Remarks of an import about a source line: the codes of all sources, what a remark holds, and its wording. */
import type { Problem } from '../../policy/entries/entry';
import { fault, type SourceLine } from '../../policy/findings/finding';
import { describeFault } from '../../policy/findings/finding-text';
import { cfRemarks } from './sources/cf/cf-remarks';
import { harakaRelayRemarks } from './sources/haraka-relay-remarks';
import { postfixRemarks } from './sources/postfix/postfix-remarks';
import { sendmailRemarks } from './sources/sendmail/sendmail-remarks';
import {
  leftOut,
  nextHop,
  note,
  nothingChanges,
  notLocal,
  onlyRefused,
  type RemarkKind,
  stricter,
  unlisted,
  type Wording,
} from './wording';

/** Remarks of several sources, and those that joining all sources adds. */
const sharedRemarks = {
  'refused-entry': unlisted(
    'the lists do not take it: {detail}.',
    'write what is meant by hand; `smtpcheck lint` explains each form.',
  ),
  loopback: leftOut(
    'programs of this machine that speak SMTP to it must log in, or send to local and relay.to domains only. A proxy or port forward in front would otherwise hand every client a trusted address.',
  )('loopback is not trusted unless you insist.', '--keep-loopback carries it over.'),
  'loopback-kept': note(
    'everything that reaches Haraka from this machine may relay; never put a proxy or port forward in front of it.',
  )('loopback is carried over as you asked.'),
  'not-a-host-name': notLocal('not a domain name that host_list can hold.'),
  'class-option': unlisted('not a domain or an address that the lists can hold.'),
  'map-unreadable': unlisted(
    'the table {detail} has no source text that can be read here.',
    'print its content into a file and import that.',
  ),
  template: leftOut('nothing of it was assumed to be allowed or refused.')(
    'a template: nothing in the file is read before a program has filled it in.',
    'import the file that the program makes of it; of Postfix, what `postconf -n` prints on the server.',
  ),
  'file-missing': unlisted('{detail} was not found and --skip-missing was given.', 'import again with the file.'),
  'smart-host': nextHop,
  'subdomains-only': nothingChanges(
    'means the names below {detail} and not the name itself, which has an entry of its own where it needs one.',
  ),
  'access-reply-lost': onlyRefused('host.deny refuses with its own reply; the text is not kept.'),
  'access-refused-outright': stricter(
    'the old server {detail} from this client; host.deny refuses it outright, for nothing else covers all of its mail.',
  ),
  'already-covered': nothingChanges('already covered by {detail}.'),
  'excludes-nothing': nothingChanges('an exclusion inside nothing: no wider entry is in the list.'),
  contradiction: stricter(
    'one source lists it and another excludes it ({detail}); the refusal stands.',
    'decide which one is meant and write it by hand.',
  ),
  'refused-elsewhere': nothingChanges('{detail} refuses all mail for it.'),
  'also-local': nothingChanges('host_list holds this domain, and local delivery comes before relay.to.'),
  'user-before-domain': stricter(
    'relay.to would permit the user before relay.map is asked; its domains stand in relay.map instead, so that this line decides.',
  ),
  'user-behind-domain': leftOut('mail to this user at a name below is relayed.')(
    'it does not hold at the names below {detail}: relay.to permits them before relay.map is asked.',
    'exclude the mailboxes from relay.to by their full addresses: !user@name.',
  ),
};

const tables = [
  sharedRemarks,
  sendmailRemarks,
  cfRemarks,
  postfixRemarks,
  harakaRelayRemarks,
] as const satisfies readonly Record<string, Wording>[];

type CodesOf<Table> = Table extends unknown ? keyof Table : never;

/** Codes are never reused. */
export type RemarkCode = CodesOf<(typeof tables)[number]>;
export const remarkCodes = tables.flatMap((table) => Object.keys(table) as RemarkCode[]);

const wordings: Readonly<Record<RemarkCode, Wording>> = Object.assign({}, ...tables);

export interface Remark {
  readonly code: RemarkCode;
  readonly at: SourceLine;
  /** The text of the source line. */
  readonly text: string;
  /** Inserted into the code's sentence: a name, a value, another line. */
  readonly detail?: string;
  /** The problem that the suite's own parser found. */
  readonly problem?: Problem;
}

export function kindOf(code: RemarkCode): RemarkKind {
  return wordings[code].kind;
}

/** The remark in words. */
export function describeRemark(remark: Remark): Wording {
  const wording = wordings[remark.code];
  const detail = remark.problem ? describeProblem(remark, remark.problem) : (remark.detail ?? '');
  return { ...wording, message: wording.message.replace('{detail}', () => detail) };
}

function describeProblem({ at, text, detail }: Remark, { problem, ...more }: Problem): string {
  return describeFault(fault(problem, at, detail ?? text, more));
}
