/** The server whose backup we are: it says which mailboxes it has, in whatever manner a test wants. */
import { type FakeServer, type KeyPair, type Line, listen } from './listener';

export interface Manners {
  greeting: string;
  /** Besides the name. */
  extensions: readonly string[];
  /** Whether it knows EHLO. */
  isExtended: boolean;
  mail: string;
  /** The reply to a recipient; a list is said at once, and of `undefined` nothing is said at all. */
  rcpt(recipient: string): string | readonly string[] | undefined | Promise<string | undefined>;
  rset: string;
}

export interface Primary extends FakeServer {
  /** To be changed while it runs. */
  readonly manners: Manners;
  /** The recipients that it was asked about, in order. */
  readonly asked: readonly string[];
  /** Ends all connections, and takes new ones. */
  hangUp(): void;
}

export const noSuchMailbox = '550 5.1.1 <somebody@inner.example>: Recipient address rejected: User unknown';

/** It knows mailboxes whose name begins with `known`. */
export function knowsSome(recipient: string): string {
  return /^known/i.test(recipient) ? '250 2.1.5 Ok' : noSuchMailbox;
}

export async function startPrimary(
  { keys, ...manners }: Partial<Manners> & { readonly keys?: KeyPair } = {},
  port = 0,
): Promise<Primary> {
  const asked: string[] = [];
  const lines = new Set<Line>();
  const now: Manners = {
    greeting: '220 inner.example ESMTP',
    extensions: ['PIPELINING', 'SMTPUTF8', ...(keys ? ['STARTTLS'] : [])],
    isExtended: true,
    mail: '250 2.1.0 Ok',
    rcpt: knowsSome,
    rset: '250 2.0.0 Ok',
    ...manners,
  };

  const answer = (text: string, line: Line): ReturnType<Manners['rcpt']> => {
    const [verb = ''] = text.toUpperCase().split(' ');
    const [, recipient] = /^RCPT TO:<(.*)>/i.exec(text) ?? [];
    if (recipient !== undefined) {
      asked.push(recipient);
      return now.rcpt(recipient);
    }
    switch (verb) {
      case 'HELO':
        return '250 inner.example';
      case 'EHLO': {
        if (!now.isExtended) return '502 5.5.2 What?';
        const offers = ['inner.example', ...now.extensions.filter((one) => one !== 'STARTTLS' || !line.isSecure)];
        return offers.map((offer, i) => `250${i === offers.length - 1 ? ' ' : '-'}${offer}`).join('\r\n');
      }
      case 'STARTTLS':
        line.write('220 2.0.0 Ready\r\n');
        line.secure();
        return undefined;
      case 'MAIL':
        return now.mail;
      case 'RSET':
        return now.rset;
      case 'QUIT':
        line.write('221 2.0.0 Bye\r\n');
        line.close();
        return undefined;
      default:
        return '500 5.5.2 What?';
    }
  };

  const server = await listen(
    () => ({
      open(line) {
        lines.add(line);
        line.closed(() => lines.delete(line));
        const { greeting } = now;
        if (greeting !== '') line.write(`${greeting}\r\n`);
      },
      async heard(text, line) {
        const reply = await answer(text, line);
        const said = typeof reply === 'string' ? [reply] : (reply ?? []);
        if (said.length > 0) line.write(said.map((one) => `${one}\r\n`).join(''));
      },
    }),
    { ...(keys && { keys }), port },
  );
  return {
    ...server,
    manners: now,
    asked,
    hangUp() {
      for (const line of lines) line.close();
    },
  };
}
