/** What the server says about itself before anyone has said who they are. */

import type { SmtpCheck } from '../check';
import { report, safe } from '../outcome';
import { answered } from '../session/dialogue-fault';
import { namedSoftware } from '../software';

const banner: SmtpCheck = {
  id: 'banner-version',
  title: 'Software and version in banner, EHLO and HELP',
  why: 'A version saves whoever has a list of faults the trouble of trying them. It is no fault by itself; an old version is.',
  fix: {
    haraka: '`[headers] show_version=false` and `[message] greeting[]=…` in config/connection.ini.',
    sendmail: "define(`confSMTP_LOGIN_MSG', `$j ESMTP') and an empty helpfile.",
    postfix: '`smtpd_banner = $myhostname ESMTP`.',
    dovecot: '`login_greeting = ready`.',
  },
  async run(context) {
    const smtp = await context.connect();
    const texts: Array<readonly [string, string]> = [['banner', smtp.banner?.text ?? '']];
    texts.push(['EHLO', (await context.hello(smtp)).text]);
    const help = await answered(context.command(smtp, 'HELP'));
    if (help !== undefined) texts.push(['HELP', help.text]);
    const named = texts.flatMap(([where, text]) => {
      const software = namedSoftware(text);
      return software === undefined ? [] : [`${where}: ${software}`];
    });
    return named.length > 0 ? report(named.join('; ')) : safe('neither is named');
  },
};

export const bannerChecks: readonly SmtpCheck[] = [banner];
