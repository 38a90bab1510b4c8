import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { checkout } from '../../examples/haraka-directory';
import { LimitCounts } from '../../src/limits/limit-counts';
import type { ListStatus } from '../../src/lists/list-status';
import type { Policy } from '../../src/lists/policy';
import { refuse, reply } from '../../src/policy/decision';
import { parseSettings } from '../../src/policy/settings/settings';
import { EventRecord } from '../../src/status/event-record';
import { metricsPage } from '../../src/status/metrics';
import { hooks, rules } from '../../src/status/rules';
import { type StatusSource, StatusView } from '../../src/status/view';
import { RecipientVerifier } from '../../src/verify/verifier';

const facts = {
  ...{ hook: 'rcpt', generation: 1, ip: '192.0.2.7', ptr: 'ptr.example', helo: 'helo.example' },
  ...{ from: '<from@sender.example>', rcpt: '<rcpt@victim.example>', reply: '550 5.7.1 No' },
};
const list: ListStatus = {
  ...{ name: 'local_ip', source: 'localip', state: 'kept', entries: 3, hash: 'abc', generation: 2 },
  ...{ loadedAt: 1_700_000_000_500, readTime: 12, rejected: { at: 1, findings: [], omitted: 0 } },
};

function viewOf(events: EventRecord, lists: readonly ListStatus[] = [list]): StatusView {
  const { settings } = parseSettings('smtpcheck.ini', '');
  assert.ok(settings);
  const policy = { generation: 1, settings } as Policy;
  const limits = new LimitCounts(() => settings.limits);
  const verifier = new RecipientVerifier(() => settings.verify, {
    hopsOf: async () => [],
    nextHop: () => assert.fail(),
  });
  const source: StatusSource = { events, policy, rememberedNames: 4, limits, verifier, lists: () => lists };
  const view = new StatusView(source);
  view.collect();
  return view;
}

const linesOf = async (view: StatusView, accept = '') => (await metricsPage(view, accept)).body.split('\n');

describe('the metrics', () => {
  it('begin with every rule and every hook at zero', async () => {
    const lines = await linesOf(viewOf(new EventRecord()));
    for (const [plugin, byOutcome] of Object.entries(rules)) {
      for (const [outcome, names] of Object.entries(byOutcome)) {
        for (const rule of names) {
          for (const observed of [false, true]) {
            const labels = `plugin="${plugin}",outcome="${outcome}",rule="${rule}",observed="${observed}"`;
            assert.ok(lines.includes(`haraka_smtpcheck_decisions_total{${labels}} 0`), labels);
          }
        }
      }
    }
    for (const hook of hooks) assert.ok(lines.includes(`haraka_smtpcheck_faults_total{hook="${hook}"} 0`), hook);
  });

  it('have what was counted, and the state of the lists', async () => {
    const events = new EventRecord();
    events.decided('relay', refuse('relay-denied', reply(550, '5.7.1', 'No')), false, facts);
    events.failed('rcpt');
    events.lookedUp('unknown');
    events.reloaded('rejected');
    const lines = await linesOf(viewOf(events));
    for (const line of [
      'decisions_total{plugin="relay",outcome="refuse",rule="relay-denied",observed="false"} 1',
      'faults_total{hook="rcpt"} 1',
      'list_entries{list="local_ip"} 3',
      'list_generation{list="local_ip"} 2',
      'list_loaded_timestamp_seconds{list="local_ip"} 1700000000.5',
      'list_rejected{list="local_ip"} 1',
      'list_unavailable{list="local_ip"} 0',
      'reload_seconds{list="local_ip"} 0.012',
      'reloads_total{result="rejected"} 1',
      'dns_lookups_total{result="unknown"} 1',
      'dns_lookups_total{result="found"} 0',
      'dns_remembered_clients 4',
      'verify_questions_total{answer="unknown"} 0',
      'verify_cache_size 0',
      'verify_cache_oldest_timestamp_seconds 0',
      'workers{state="silent"} 0',
    ]) {
      assert.ok(lines.includes(`haraka_smtpcheck_${line}`), `${line} in\n${lines.join('\n')}`);
    }
    assert.ok(lines.some((line) => /^haraka_smtpcheck_build_info\{version="[\d.]+",node="v[\d.]+"\} 1$/.test(line)));
  });

  it('have nothing in them that a client has chosen', async () => {
    const events = new EventRecord();
    events.decided('relay', refuse('relay-denied', reply(550, '5.7.1', 'No')), false, facts);
    const text = (await linesOf(viewOf(events))).join('\n');
    assert.doesNotMatch(text, /192\.0\.2|ptr\.example|helo\.example|sender\.example|victim/);
  });

  it('come as OpenMetrics for whoever asks for that', async () => {
    const plain = await metricsPage(viewOf(new EventRecord()), '*/*');
    assert.match(plain.type, /^text\/plain; version=0\.0\.4/);
    const accept = 'application/openmetrics-text; version=1.0.0,text/plain;q=0.5';
    const open = await metricsPage(viewOf(new EventRecord()), accept);
    assert.match(open.type, /^application\/openmetrics-text; version=1\.0\.0/);
    assert.match(open.body, /# EOF\n?$/);
    assert.match(open.body, /^haraka_smtpcheck_decisions_total\{/m);
  });

  it('have every series, label and value that the alerts, the dashboard and the guide name, and the guide has each', async () => {
    const page = (await linesOf(viewOf(new EventRecord()))).join('\n');
    const read = (...name: readonly string[]) => fs.readFileSync(path.join(checkout, ...name), 'utf8');
    const guide = read('docs', 'guides', 'monitoring.md');
    const examples = ['alerts.yml', 'grafana.json', 'alerts.test.yml', 'refusals.test.yml'];
    const texts = examples.map((name) => read('examples', 'monitoring', name).replaceAll('\\"', '"'));
    for (const text of [...texts, guide]) {
      const named = text.match(/\bharaka_smtpcheck_\w+(?!:)\b(?:\{[^}]*\})?/g) ?? [];
      assert.ok(named.length >= 3);
      for (const selector of named.filter((one) => !one.startsWith('haraka_smtpcheck_refusals'))) {
        const [, series = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(selector) ?? [];
        const own = page.split('\n').filter((line) => line.startsWith(`${series}{`) || line.startsWith(`${series} `));
        assert.ok(own.length > 0, series);
        for (const label of labels.match(/\b(?:plugin|outcome|observed|rule|hook|state|result)="[^"]*"/g) ?? []) {
          assert.ok(
            own.some((line) => line.includes(label)),
            `${series} has no ${label}`,
          );
        }
      }
    }
    const alerts = [...read('examples', 'monitoring', 'alerts.yml').matchAll(/- alert: (\w+)/g)].map(
      ([, name]) => name,
    );
    assert.ok(alerts.length >= 6);
    for (const name of alerts) assert.ok(guide.includes(`| \`${name}\` |`), name);
    for (const [series] of page.matchAll(/^haraka_smtpcheck_\w+/gm)) assert.ok(guide.includes(`\`${series}\``), series);
  });
});
