/** Names of mail software as greetings give them. */
import { shortened } from './transcript';

const names =
  /\b(Haraka|Sendmail|Postfix|Exim|OpenSMTPD|qmail|Microsoft ESMTP MAIL Service|Exchange|Courier|MailEnable|Zimbra|Stalwart|maddy|Dovecot|Cyrus|Qpopper|QPOP|popa3d|Solid-POP3|solid pop|GNU Mailutils|mailutils|UW|IPOP3d|vm-pop3d|teapop|tpop3d|Debian|Ubuntu|FreeBSD)\b(?:[ /(-]*v?\d+(?:[.\w~+-]*\w)?)?/i;

/** A version by itself: three numbers that are no address. */
const version = /(?<![\d.])\d{1,3}\.\d{1,3}(?:\.\d{1,3})?(?:[-+~][\w.]+)?(?![\d.])/;

/** The software, with its version where there is one; `undefined` where the text names neither. */
export function namedSoftware(text: string): string | undefined {
  const named = names.exec(text)?.[0];
  if (named !== undefined) return shortened(named, 60);
  const line = text.split('\n').find((one) => version.test(withoutCodes(one)) && !/^(?:SIZE|AUTH)\b/.test(one));
  return line === undefined ? undefined : shortened(line, 60);
}

/** Enhanced status codes and dates look like versions, and are none. */
function withoutCodes(text: string): string {
  return text
    .replaceAll(/^[245]\.\d{1,3}\.\d{1,3}\b/g, '')
    .replaceAll(/<[^>]*>|\[[^\]]*\]|\S+@\S+|\b\d{1,2}:\d{2}(?::\d{2})?\b/g, '');
}
