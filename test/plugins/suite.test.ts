/** The plugins as Haraka loads them: each alone, all as one, and not one of them twice. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { makePlugin } from 'haraka-test-fixtures';
import type { PluginName } from '../../src/policy/settings/settings';
import { checkout, closeSites, Site } from '../../testkit/haraka';

afterEach(closeSites);

type Hooks = Readonly<Record<string, readonly string[]>>;

const hooksOf: Readonly<Record<PluginName, Hooks>> = {
  deny: { connect: ['deny_connect'], rcpt: ['deny_recipient'] },
  helo: { helo: ['helo_check_name'], ehlo: ['helo_check_name'], mail: ['helo_check_introduced'] },
  privacy: { vrfy: ['privacy_vrfy'], unrecognized_command: ['privacy_command'], data_post: ['privacy_mark'] },
  relay: {
    connect_init: ['relay_trust_address'],
    connect: ['relay_trust_name'],
    mail: ['relay_trust_sender'],
    rcpt: ['relay_guard_recipient', 'relay_decide_recipient'],
    rcpt_ok: ['relay_route_recipient'],
    queue: ['relay_queue'],
    queue_outbound: ['relay_queue_outbound', 'relay_send_out'],
    get_mx: ['relay_next_hops'],
    bounce: ['relay_bounce'],
  },
};
/** Of the first plugin that joins: the status is collected and served. */
const statusHooks: Hooks = { init_master: ['status_master'], init_http: ['status_http'] };
const names = Object.keys(hooksOf) as PluginName[];

/** `smtpcheck` itself: what the package's `main` exports, as Haraka copies it onto a plugin. */
function loadWhole(site: Site) {
  const whole = createRequire(__filename)(checkout) as Record<string, unknown>;
  const plugin = makePlugin('deny', { register: false });
  Object.assign(plugin, whole, { name: 'smtpcheck' });
  site.prepare(plugin);
  return plugin;
}

describe('smtpcheck', () => {
  for (const name of names) {
    it(`finds ${name} at plugins/${name}, with its hooks`, () => {
      const site = new Site({ plugins: [name] });
      const hooks = { ...statusHooks, ...hooksOf[name] };
      assert.deepEqual(site.plugin.hooks, hooks);
      for (const method of Object.values(hooks).flat()) assert.equal(typeof site.plugin[method], 'function');
    });
  }

  it('loads all four as one, deny before the others', () => {
    const site = new Site({ plugins: [] });
    const plugin = loadWhole(site);
    plugin.register();
    const { deny: _deny, helo, privacy, relay } = hooksOf;
    const together: Hooks = {
      ...{ ...statusHooks, ...helo, ...privacy, ...relay },
      connect: ['smtpcheck_connect'],
      mail: ['smtpcheck_sender'],
      rcpt: ['smtpcheck_recipient', 'relay_decide_recipient'],
    };
    assert.deepEqual(plugin.hooks, together);
    for (const method of Object.values(together).flat()) assert.equal(typeof plugin[method], 'function', method);
    (plugin.shutdown as () => void).call(plugin);
  });

  it('decides for all four as one', async () => {
    const site = new Site({ plugins: [], files: { 'host.deny': '203.0.113.9', 'relay.to': 'backup.example' } });
    const plugin = loadWhole(site);
    plugin.register();
    assert.equal(await site.session().open(), '554 5.7.1 Access denied');
    const session = site.session({ ip: '203.0.113.8' });
    assert.equal(await session.open(), '220');
    assert.equal(await session.helo('mail/example'), '501 5.0.0 Invalid domain name');
    assert.deepEqual(await session.send('a@backup.example', 'a@victim.example'), ['250', '550 5.7.1 Relaying denied']);
    (plugin.shutdown as () => void).call(plugin);
  });

  it('says so when a plugin is loaded twice', () => {
    const site = new Site({ plugins: ['relay'] });
    assert.throws(() => loadWhole(site).register(), /the plugin relay is loaded twice, as relay and as smtpcheck/);
  });

  it('shares one policy among its plugins', () => {
    const site = new Site({ plugins: names });
    const suites = new Set(site.plugins.map((plugin) => plugin.smtpcheck));
    assert.equal(suites.size, 1);
  });

  it('does not start with a faulty list, and says all that is wrong', () => {
    const files = { localip: '192.0.2.9/24\n0.0.0.0/0', 'relay.to': 'jp', 'host.deny': '*.spam.example' };
    assert.throws(
      () => new Site({ files }),
      (error: Error) => {
        for (const line of [
          'localip:1: prefix-host-bits',
          'localip:2: prefix-everything',
          'relay.to:1: domain-public-suffix',
          'host.deny:1: domain-wildcard',
        ]) {
          assert.ok(error.message.includes(line), `${line} in ${error.message}`);
        }
        return true;
      },
    );
  });
});
