/** How many recipients a client may have (postconf(5), smtpd_client_recipient_rate_limit), as a limit of trusted clients. */
import { formatLimit, parseLimit } from '../../../../policy/attributes/limit';
import type { Collector } from '../../collector';
import { itemOf, type PostfixConfig } from './postfix-config';
import { expand, wordsOf } from './postfix-values';

const name = 'smtpd_client_recipient_rate_limit';

export function addRecipientLimit(out: Collector, config: PostfixConfig): void {
  const parameter = config.parameter(name);
  const expanded = (text: string) => {
    const result = expand(text, config.main, config.known);
    return 'value' in result ? result.value.trim() : text;
  };
  const recipients = expanded(parameter?.value ?? '0');
  if (!parameter || recipients === '0') return;
  const limit = parseLimit(`${recipients}/${periodOf(expanded(config.valueOf('anvil_rate_time_unit') ?? '60s'))}`);
  if (!limit) {
    out.remark('postfix-limit', itemOf(parameter));
    return;
  }
  const text = formatLimit(limit);
  const exempt = config.valueOf('smtpd_client_event_limit_exceptions') ?? '$mynetworks';
  const others = wordsOf(expanded(exempt));
  const trusted = wordsOf(expanded('$mynetworks'));
  // Postfix exempts whoever it trusts, unless the list of those says otherwise.
  if (trusted.length > 0 && trusted.every((word) => others.includes(word))) {
    out.remark('postfix-limit-exempt', itemOf(parameter), `client=${text}`);
    return;
  }
  out.set({ key: 'client-limit', value: text }, itemOf(parameter).line);
  out.remark('postfix-recipient-limit', itemOf(parameter), text);
}

/** Postfix's times: a number is one of seconds, and a week has seven days. */
function periodOf(text: string): string {
  const [, number = '', unit = 's'] = /^([0-9]+)([smhdw]?)$/.exec(text) ?? [];
  return unit === 'w' ? `${7 * Number(number)}d` : `${number}${unit || 's'}`;
}
