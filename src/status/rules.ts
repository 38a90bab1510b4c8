/** Every rule that decides for or against mail, by plugin and outcome, and every hook: each counts from zero, so that a rate can be made of it. */
import type { Opinion } from '../policy/decision';
import type { DenyRule } from '../policy/deny-decision';
import type { HelloRule } from '../policy/hello';
import type { PrivacyRule } from '../policy/privacy';
import type { FormRule } from '../policy/recipient-form';
import type { RelayRule } from '../policy/relay-policy';
import type { PluginName } from '../policy/settings/settings';

/** The hooks that a plugin of the suite may have. */
export const hooks = [
  'connect_init',
  'connect',
  'helo',
  'mail',
  'rcpt',
  'rcpt_ok',
  'data_post',
  'queue',
  'queue_outbound',
  'bounce',
  'vrfy',
  'unrecognized_command',
  'get_mx',
] as const;

export type Outcome = Opinion['outcome'];

export const outcomes = ['permit', 'refuse', 'defer'] as const satisfies readonly Outcome[];

interface RulesOfPlugins {
  readonly deny: DenyRule;
  readonly helo: HelloRule;
  readonly privacy: PrivacyRule;
  readonly relay: RelayRule | FormRule;
}

export const rules: { readonly [P in PluginName]: Readonly<Record<Outcome, readonly RulesOfPlugins[P][]>> } = {
  deny: {
    permit: [],
    refuse: ['client-denied-network', 'client-denied-domain'],
    defer: ['list-unavailable', 'client-address-unknown', 'client-name-unknown'],
  },
  helo: { permit: [], refuse: ['hello-malformed', 'hello-missing'], defer: [] },
  privacy: {
    permit: [],
    refuse: ['novrfy', 'needvrfyhelo', 'noexpn', 'needexpnhelo', 'noetrn', 'noverb'],
    defer: [],
  },
  relay: {
    permit: ['client-network', 'client-domain', 'destination', 'relay-map', 'backup-mx', 'postmaster', 'own-address'],
    refuse: [
      'relay-denied',
      'relay-map',
      'client-excluded',
      'sender-not-covered',
      'destination-excluded',
      'routed-local-part',
      'impossible-domain',
      'unknown-recipient',
    ],
    defer: [
      'relay-map',
      'list-unavailable',
      'name-unknown',
      'mx-unknown',
      'trust-withdrawn',
      'limit-reached',
      'recipient-unverified',
      'unknown-recipients',
    ],
  },
};
