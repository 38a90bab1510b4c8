/**
 * Every parameter of Postfix 3.7 is carried over, reported or irrelevant to who may send, and the import does with it what
 * the table says: so exit 0 means that nothing was dropped silently.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { classOf, parameterDefaults } from '../../../../../src/cli/import/sources/postfix/postfix-parameters';
import { outcomeOf } from '../../support';

/** Names with their defaults, as the real `postconf -d` prints them (test/peers/import holds the file against it). */
const defaults = new Map(
  readFileSync('test/fixtures/postfix/postconf-d.txt', 'utf8')
    .split('\n')
    .map((line) => /^(\S+) =\s*(.*)$/.exec(line))
    .flatMap((match) => (match ? [[match[1] ?? '', match[2] ?? ''] as const] : [])),
);

/** A main.cf that leads to nothing, and to no remark. */
const quiet = new Map([
  ['compatibility_level', '3.6'],
  ['myhostname', 'mx.local.example'],
  ['mydestination', ''],
  ['mynetworks', ''],
]);

/** For parameters that count only beside others, what else is set; and values where not any will do. */
const beside: Readonly<Record<string, string>> = {
  mydomain: 'mydestination = $mydomain\n',
  myhostname: 'mydestination = $myhostname\n',
  parent_domain_matches_subdomains: 'relay_domains = backup.example\n',
  permit_mx_backup_networks:
    'smtpd_relay_restrictions = permit_mynetworks, permit_mx_backup, reject_unauth_destination\n',
  postscreen_access_list: 'postscreen_denylist_action = enforce\n',
  postscreen_denylist_action: 'postscreen_access_list = cidr:{{198.51.100.0/24 REJECT}}\n',
  relay_recipient_maps: 'relay_domains = backup.example\n',
  transport_maps: 'relay_domains = backup.example\n',
};
const table = 'inline:{198.51.100.7=REJECT}';
const values: Readonly<Record<string, string>> = {
  compatibility_level: '0\nmydestination = local.example',
  mydestination: 'local.example',
  mydomain: 'other.example',
  myhostname: 'mx.other.example',
  mynetworks: '192.0.2.0/24',
  mynetworks_style: 'class',
  parent_domain_matches_subdomains: 'smtpd_access_maps',
  permit_mx_backup_networks: '192.0.2.0/24',
  postscreen_access_list: 'cidr:{{198.51.100.0/24 REJECT}}',
  postscreen_denylist_action: 'enforce',
  relay_domains: 'backup.example',
  relay_recipient_maps: 'inline:{user@backup.example=x}',
  smtpd_client_restrictions: table,
  smtpd_data_restrictions: `check_client_access ${table}`,
  smtpd_end_of_data_restrictions: `check_client_access ${table}`,
  smtpd_helo_restrictions: `check_client_access ${table}`,
  smtpd_recipient_restrictions: `check_client_access ${table}`,
  smtpd_relay_restrictions: `check_client_access ${table}`,
  smtpd_sender_restrictions: `check_client_access ${table}`,
  smtpd_tls_security_level: 'encrypt',
  postscreen_tls_security_level: 'encrypt',
  relay_transport: 'relay:hub.example',
  transport_maps: 'inline:{backup.example=smtp:[192.0.2.25]}',
  virtual_alias_domains: 'alias.example',
  virtual_alias_maps: 'inline:{alias.example=x}',
  virtual_mailbox_domains: 'mailbox.example',
};

/** A value other than the default. */
function otherThan(usual: string): string {
  if (usual === 'yes') return 'no';
  if (usual === 'no') return 'yes';
  return /^[0-9]+$/.test(usual) ? `${Number(usual) + 1}` : 'other';
}

function mainCf(name?: string): string {
  const unset = name === 'mynetworks_style' ? ['mynetworks'] : [];
  const base = [...quiet].filter(([key]) => key !== name && !unset.includes(key));
  const others = name ? (beside[name] ?? '') : '';
  const kept = base.filter(([key]) => !others.startsWith(`${key} =`));
  const setting = name ? `${name} = ${values[name] ?? otherThan(defaults.get(name) ?? '')}\n` : '';
  return kept.map(([key, value]) => `${key} = ${value}\n`).join('') + others + setting;
}

const outcome = (text: string) => {
  const { references: _, ...rest } = outcomeOf('postfix-main', text);
  return rest;
};

describe('the table of the parameters of Postfix', () => {
  it('holds each parameter of Postfix 3.7', () => {
    assert.ok(defaults.size > 800);
    const missing = [...defaults.keys()].filter((name) => classOf(name).kind === 'unknown');
    assert.deepEqual(missing, []);
  });

  it('has the defaults of Postfix 3.7', () => {
    const ours = [...parameterDefaults].filter(([name, value]) => value !== '' || defaults.has(name));
    for (const [name, value] of ours) assert.equal(value, defaults.get(name), name);
  });

  it('knows the parameters that are named after a transport, and no other name', () => {
    for (const name of ['smtp-amavis_destination_recipient_limit', 'dovecot_time_limit'])
      assert.equal(classOf(name).kind, 'irrelevant', name);
    for (const name of ['smtpd_recipient_restriction', 'my_networks', 'constructor'])
      assert.equal(classOf(name).kind, 'unknown', name);
  });

  it('has names of earlier releases in the class of what they are called now', () => {
    assert.deepEqual(classOf('postscreen_blacklist_action'), classOf('postscreen_denylist_action'));
  });
});

describe('smtpcheck import of a main.cf that sets one parameter', () => {
  it('has nothing to say of the one that the others are compared with', () => {
    assert.deepEqual(outcome(mainCf()), {});
  });

  const names = [...defaults.keys()];
  const ofKind = (kind: string) => names.filter((name) => classOf(name).kind === kind);

  for (const name of ofKind('carried')) {
    it(`carries ${name} over`, () => {
      const { remarks: _, ...lists } = outcome(mainCf(name));
      const { remarks: __, ...without } = outcome(mainCf() + (beside[name] ?? ''));
      assert.notDeepEqual(lists, without);
    });
  }

  for (const name of ofKind('reported')) {
    it(`reports ${name}`, () => {
      const found = classOf(name);
      const codes = (outcome(mainCf(name)).remarks ?? []).map((remark) => remark.split(' ')[1]);
      assert.ok(found.kind === 'reported' && codes.includes(found.code), `${name}: ${codes.join()}`);
    });

    it(`does not report ${name} with its default`, () => {
      if (quiet.has(name) || name === 'mynetworks_style') return;
      assert.deepEqual(outcome(`${mainCf()}${name} = ${defaults.get(name)}\n`), {});
    });
  }

  it(`says nothing of the ${ofKind('irrelevant').length} that are irrelevant to who may send`, () => {
    for (const name of ofKind('irrelevant')) assert.deepEqual(outcome(mainCf(name)), {}, name);
  });
});
