/** A careful POP3 server for the audit, with weaknesses that can be switched on one by one. */
import { type Line, type Script, users } from './listener';

export type PopWeakness =
  | 'takes-user-in-clear'
  | 'offers-sasl-in-clear'
  | 'begins-sasl-in-clear'
  | 'offers-cram-in-clear'
  | 'offers-anonymous'
  | 'obeys-rpop'
  | 'knows-rpop'
  | 'apop'
  | 'apop-repeats'
  | 'apop-malformed'
  | 'apop-counts'
  | 'tells-users'
  | 'never-tires'
  | 'no-stls'
  | 'keeps-injected'
  | 'old-tls'
  | 'tells-version';

let popConnections = 0;

/** A POP3 server that does everything right, but for the weaknesses it is given. */
export function popScript({ weak = [] }: { readonly weak?: readonly PopWeakness[] }) {
  const has = (weakness: PopWeakness): boolean => weak.includes(weakness);
  const stamp = (): string => {
    popConnections += 1;
    if (has('apop')) return ` <${Math.random().toString(36).slice(2)}.${process.hrtime.bigint()}@pop.example.org>`;
    if (has('apop-repeats')) return ' <1896.697170952@pop.example.org>';
    if (has('apop-malformed')) return ` <${Math.random()}>`;
    if (has('apop-counts')) return ` <${popConnections}@pop.example.org>`;
    return '';
  };

  return (): Script => {
    let user: string | undefined;
    let failures = 0;
    let awaitsAuth = false;

    const answer = (text: string, line: Line): string | undefined => {
      const [verb = '', argument = ''] = text.split(' ');
      const open = line.isSecure || has('takes-user-in-clear');
      switch (verb.toUpperCase()) {
        case 'CAPA': {
          const lines = ['+OK', 'TOP', 'UIDL'];
          if (!line.isSecure && !has('no-stls')) lines.push('STLS');
          if (open) lines.push('USER');
          if (line.isSecure) lines.push(has('offers-anonymous') ? 'SASL PLAIN ANONYMOUS' : 'SASL PLAIN');
          else if (has('offers-sasl-in-clear')) lines.push('SASL PLAIN LOGIN');
          else if (has('offers-cram-in-clear')) lines.push('SASL CRAM-MD5');
          if (has('tells-version')) lines.push('IMPLEMENTATION qpopper-4.0.5');
          return [...lines, '.'].join('\r\n');
        }
        case 'STLS':
          if (has('no-stls') || line.isSecure) return '-ERR Unknown command';
          line.write('+OK Begin TLS\r\n');
          line.secure(has('keeps-injected'));
          return undefined;
        case 'USER':
          if (!open) return '-ERR [AUTH] Plaintext authentication disallowed without TLS';
          user = argument;
          return '+OK';
        case 'PASS':
          if (user === undefined) return '-ERR USER first';
          failures += 1;
          if (has('tells-users') && users.has(user)) return '-ERR [AUTH] Wrong password';
          if (!has('never-tires') && failures >= 2) {
            line.write('-ERR [AUTH] Authentication failed\r\n');
            line.close();
            return undefined;
          }
          return '-ERR [AUTH] Authentication failed';
        case 'RPOP':
          if (has('obeys-rpop')) return '+OK logged in';
          return has('knows-rpop') ? '-ERR permission denied for RPOP from your port' : '-ERR Unknown command';
        case 'AUTH':
          if (!line.isSecure && !has('begins-sasl-in-clear')) return '-ERR Not without TLS';
          awaitsAuth = true;
          return '+ ';
        case 'QUIT':
          line.write('+OK Bye\r\n');
          line.close();
          return undefined;
        default:
          return '-ERR Unknown command';
      }
    };

    return {
      open: (line) => line.write(`+OK ready${has('tells-version') ? ' QPOP (version 4.0.5)' : ''}${stamp()}\r\n`),
      heard: (text, line) => {
        if (awaitsAuth) {
          awaitsAuth = false;
          line.write('-ERR Cancelled\r\n');
          return;
        }
        const reply = answer(text, line);
        if (reply !== undefined) line.write(`${reply}\r\n`);
      },
    };
  };
}
