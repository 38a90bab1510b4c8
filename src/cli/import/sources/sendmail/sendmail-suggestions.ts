/** What surrounds the policy of a sendmail site, as settings of Haraka's own plugins. */
import { domainZone, filtersIn, helo, ini, messageSize, type Suggestion, zone } from '../plugin-suggestions';

const resolvable = ini('mail_from.is_resolvable', 'mail_from.is_resolvable.ini', 'reject', 'no_mx', 'deny');

/** For the check of the sender's domain, which sendmail makes unless it is switched off. */
export const senderCheck: readonly Suggestion[] = [resolvable];

/** What a FEATURE asks for, as far as it is clear which plugin does the same. */
export function suggestionsForFeature(name: string, args: readonly string[]): readonly Suggestion[] {
  const [first = ''] = args;
  switch (name) {
    case 'dnsbl':
    case 'enhdnsbl':
      return zone(first);
    case 'rhsbl':
      return domainZone(first, 'envfrom');
    case 'badmx':
      return senderCheck;
    case 'block_bad_helo':
      return helo('valid_hostname');
    case 'require_rdns':
      return ['no_rdns', 'no_fcrdns'].map((check) => ini('fcrdns', 'fcrdns.ini', 'reject', check, 'true'));
    case 'greet_pause': {
      const pause = Math.round(Number(first) / 1000);
      return pause > 0
        ? [ini('early_talker', 'early_talker.ini', 'main', 'pause', String(pause))]
        : [{ plugin: 'early_talker' }];
    }
    case 'conncontrol':
      return [ini('limit', 'limit.ini', 'concurrency', 'enabled', 'true')];
    case 'ratecontrol':
      return [ini('limit', 'limit.ini', 'rate_conn', 'enabled', 'true')];
    default:
      return [];
  }
}

/** What a variable asks for. */
export function suggestionsForVariable(name: string, value: string): readonly Suggestion[] {
  return name === 'confMAX_MESSAGE_SIZE' ? messageSize(value) : [];
}

/** What a filter does, by its name and socket. */
export function suggestionsForFilter(args: readonly string[]): readonly Suggestion[] {
  return filtersIn(args.join(' '));
}

/** A limit of the access map: `ClientRate:192.0.2 10` for a minute, `ClientConn: 5`; 0 is none. */
export function suggestionsForLimit(tag: string, key: string, value: string): readonly Suggestion[] {
  if (!/^[0-9]+$/.test(value)) return [];
  if (tag === 'clientrate' && /^[0-9.]*$/.test(key)) {
    return [ini('limit', 'limit.ini', 'rate_conn', key || 'default', value)];
  }
  return tag === 'clientconn' && key === '' && value !== '0'
    ? [ini('limit', 'limit.ini', 'concurrency', 'max', value)]
    : [];
}

/** Where the old server listened, if not at every address. */
export function listenAt(
  daemons: readonly { readonly address: string; readonly port: string }[],
): readonly Suggestion[] {
  const at = daemons.map(({ address, port }) => `${address.includes(':') ? `[${address}]` : address}:${port}`);
  return [ini('', 'smtp.ini', 'main', 'listen', [...new Set(at)].join(','))];
}
