/** Checks around the policy, and the plugins of Haraka that do the same: what to write into their files. */
import { domainZone, filtersIn, helo, ini, messageSize, type Suggestion, zone } from '../plugin-suggestions';

export interface Check {
  /** The plugin in words, for a remark. */
  readonly plugin: string;
  readonly suggestions: readonly Suggestion[];
}

/** What a restriction other than a table of clients or recipients does, by whom in Haraka. */
export function checkBy(restriction: string, argument = ''): Check {
  switch (restriction) {
    case 'reject_rbl_client':
      return { plugin: 'dns-list', suggestions: zone(argument) };
    case 'permit_dnswl_client':
      return { plugin: 'dns-list', suggestions: zone(argument, 'allow') };
    case 'reject_rhsbl_helo':
      return { plugin: 'uribl', suggestions: domainZone(argument, 'helo') };
    case 'reject_rhsbl_sender':
      return { plugin: 'uribl', suggestions: domainZone(argument, 'envfrom') };
    case 'reject_rhsbl_client':
    case 'reject_rhsbl_reverse_client':
      return { plugin: 'uribl', suggestions: domainZone(argument, 'rdns') };
    case 'reject_unknown_client':
    case 'reject_unknown_client_hostname':
      return { plugin: 'fcrdns', suggestions: [ini('fcrdns', 'fcrdns.ini', 'reject', 'no_fcrdns', 'true')] };
    case 'reject_unknown_reverse_client_hostname':
      return { plugin: 'fcrdns', suggestions: [ini('fcrdns', 'fcrdns.ini', 'reject', 'no_rdns', 'true')] };
    case 'reject_invalid_hostname':
    case 'reject_invalid_helo_hostname':
    case 'reject_non_fqdn_hostname':
    case 'reject_non_fqdn_helo_hostname':
      return { plugin: 'helo.checks', suggestions: helo('valid_hostname') };
    case 'reject_unknown_hostname':
    case 'reject_unknown_helo_hostname':
      return { plugin: 'helo.checks', suggestions: helo('forward_dns') };
    case 'reject_unknown_sender_domain':
    case 'reject_non_fqdn_sender':
      return {
        plugin: 'mail_from.is_resolvable',
        suggestions: [ini('mail_from.is_resolvable', 'mail_from.is_resolvable.ini', 'reject', 'no_mx', 'deny')],
      };
    case 'reject_unauth_pipelining':
      return { plugin: 'early_talker', suggestions: [{ plugin: 'early_talker' }] };
    case 'reject_plaintext_session':
      return { plugin: 'tls', suggestions: [] };
    case 'check_policy_service':
      return policyService(argument);
    default:
      return { plugin: pluginFor(restriction), suggestions: [] };
  }
}

function policyService(argument: string): Check {
  if (/spf/i.test(argument)) return { plugin: 'spf', suggestions: [{ plugin: 'spf' }] };
  if (/grey|:10023\b/i.test(argument)) return { plugin: 'greylist', suggestions: [{ plugin: 'greylist' }] };
  return { plugin: 'one that asks your policy service', suggestions: [] };
}

function pluginFor(restriction: string): string {
  if (/_(?:mx|ns|a)_access$/.test(restriction)) return 'one of your own';
  if (/login_mismatch/.test(restriction)) return 'one that knows which senders a login may use';
  if (/unlisted|unverified|recipient/.test(restriction)) return 'one that knows your mailboxes (rcpt_to.*)';
  if (/client_hostname|reverse_client/.test(restriction)) return 'fcrdns';
  if (/helo/.test(restriction)) return 'helo.checks';
  return 'access';
}

/** What a parameter asks for, as far as it is clear which plugin does the same. */
export function suggestionsFor(name: string, value: string): readonly Suggestion[] {
  switch (name) {
    case 'postscreen_dnsbl_sites':
      // A negative weight stands for a list of those to let in.
      return zone(value, /\*-/.test(value) ? 'allow' : undefined);
    case 'postscreen_greet_action':
    case 'smtpd_forbid_unauth_pipelining':
      return value === 'ignore' || value === 'no' ? [] : [{ plugin: 'early_talker' }];
    case 'message_size_limit':
      return messageSize(value);
    case 'smtpd_milters':
    case 'content_filter':
      return filtersIn(value);
    default:
      return [];
  }
}
