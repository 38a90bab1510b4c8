/** What a check is: a question put to a running server, and what its answer means. */
import type { Outcome } from './outcome';
import type { PopContext } from './pop3-context';
import type { Security } from './session/channel';
import type { SmtpContext } from './smtp-context';

export interface Fix {
  readonly haraka: string;
  readonly sendmail: string;
  readonly postfix: string;
  readonly dovecot: string;
}

export interface Check<Context> {
  /** Stable: it is in the JSON, in the documentation's headings and in people's scripts. */
  readonly id: string;
  readonly title: string;
  readonly why: string;
  readonly fix: Fix;
  /** Where the question makes sense; everywhere without it. */
  readonly on?: readonly Security[];
  /** Asked only where the options or the site give it something to ask. */
  applies?(context: Context): boolean;
  run(context: Context): Promise<Outcome>;
}

export type SmtpCheck = Check<SmtpContext>;
export type PopCheck = Check<PopContext>;
