/** The real Prometheus scrapes a cluster of Haraka and evaluates the shipped alerts and the dashboard on its figures. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../examples/haraka-directory';
import { type RunningHaraka, startHaraka } from '../../../testkit/live/haraka';
import { ask, socketOf, statusOf } from '../../../testkit/live/status-client';
import { askFor, eventually, load } from '../../../testkit/live/talk';
import { installPrometheus } from '../servers/install';
import { onPackage } from '../servers/on-package';
import { dashboard, dashboardExpressions, guideBlocks, monitoringFile, monitoringFolder } from './examples';
import { Prometheus, promtool } from './prometheus';

const documentedPort = '9904';

onPackage('Prometheus beside this suite', installPrometheus(), ({ root }) => {
  let haraka: RunningHaraka;
  let prometheus: Prometheus;
  let port: number;
  const outside = 'user@victim.example';

  /** The scrape configuration of the guide, with a port of this test and often enough for it. */
  function config(scrape: string): string {
    assert.ok(scrape.includes(`:${documentedPort}`), scrape);
    return [
      'global: { scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms }',
      rules,
      scrape.replaceAll(documentedPort, String(port)),
    ].join('\n');
  }

  const rules = guideBlocks('yaml').find((text) => text.startsWith('rule_files:')) ?? '';
  const [scrape = '', scrapeWithToken = ''] = guideBlocks('yaml').filter((text) => text.includes('scrape_configs'));

  before(async () => {
    port = await freePort();
    haraka = await startHaraka({
      plugins: ['smtpcheck', 'rcpt_to.in_host_list'],
      files: {
        host_list: 'local.example',
        localip: '127.9\n',
        token: 'a-token-of-the-test\n',
        'smtpcheck.ini': `[status]\nlisten=127.0.0.1:${port}\n`,
      },
      nodes: 2,
    });
    await eventually(
      (status) => status === 200,
      async () => (await ask({ port }, '/smtpcheck/metrics').catch(() => undefined))?.status,
    );
    prometheus = await Prometheus.start(root, config(scrape).replace(rules, ''));
    prometheus.write('alerts.yml', monitoringFile('alerts.yml'));
    prometheus.write('token', 'a-token-of-the-test\n');
    prometheus.reload(config(scrape));
  });
  after(async () => {
    await prometheus?.stop();
    await haraka?.stop();
  });

  it('has nothing against the page in its text format, and against that in OpenMetrics only that it is none', async () => {
    const page = await ask(socketOf(haraka), '/smtpcheck/metrics');
    assert.deepEqual(promtool(root, ['check', 'metrics'], { input: page.body }), { status: 0, output: '' });
    const headers = { accept: 'application/openmetrics-text; version=1.0.0' };
    const open = await ask({ ...socketOf(haraka), headers }, '/smtpcheck/metrics');
    const lines = promtool(root, ['check', 'metrics'], { input: open.body }).output.trim().split('\n');
    // There a counter is described without its suffix.
    for (const line of lines) assert.match(line, /^haraka_smtpcheck_\w+_total no help text$/);
  });

  it('scrapes all series of the page, in OpenMetrics, as the guide configures it', async () => {
    assert.deepEqual(
      await eventually(
        ([target]) => target === 'up',
        () => prometheus.targets(),
      ),
      ['up'],
    );
    const { body } = await ask(socketOf(haraka), '/smtpcheck/metrics');
    const shown = new Set(body.match(/^haraka_smtpcheck_\w+/gm));
    const scraped = await prometheus.query('{__name__=~"haraka_smtpcheck_.+"}');
    assert.deepEqual(new Set(scraped.map(({ metric }) => metric.__name__)), shown);
    assert.ok(shown.size > 10);
    const series = body.split('\n').filter((line) => /^haraka_/.test(line));
    assert.equal(scraped.length, series.length);
  });

  it('counts a refusal made over SMTP by its rule, and a permit by its own', async () => {
    const value = async (labels: string) => {
      const [sample] = await prometheus.query(`haraka_smtpcheck_decisions_total{observed="false",${labels}}`);
      return Number(sample?.value[1]);
    };
    const refused = () => value('plugin="relay",outcome="refuse",rule="relay-denied"');
    const permitted = () => value('plugin="relay",outcome="permit",rule="client-network"');
    const before = [await refused(), await permitted()] as const;
    for (let i = 0; i < 3; i++) assert.match(await askFor(haraka, outside), /^550 /);
    assert.match(await askFor(haraka, outside, { from: '127.9.0.1' }), /^250 /);
    const counted = await eventually(
      ([r, p]) => r >= before[0] + 3 && p > before[1],
      async () => [await refused(), await permitted()] as const,
    );
    assert.equal(counted[0], before[0] + 3);
  });

  it('can evaluate every rule, and raises the alert of a list that is rejected until it is repaired', async () => {
    const evaluated = await eventually(
      (all) => all.length > 0 && all.every((rule) => !rule.endsWith(' unknown')),
      () => prometheus.rules(),
    );
    assert.equal(evaluated.length, monitoringFile('alerts.yml').match(/^ +- (?:alert|record): /gm)?.length);
    for (const rule of evaluated) assert.match(rule, / ok$/);
    assert.deepEqual(await prometheus.alerts(), []);
    haraka.write('host.deny', '192.0.2.0/99\n');
    const [raised] = await eventually(
      (alerts) => alerts.length > 0,
      () => prometheus.alerts(),
    );
    assert.deepEqual(
      [raised?.labels.alertname, raised?.labels.list, raised?.state],
      ['SmtpcheckListRejected', 'hosts', 'pending'],
    );
    await load(haraka, 'host.deny', '192.0.2.0/24\n');
    assert.deepEqual(
      await eventually(
        (alerts) => alerts.length === 0,
        () => prometheus.alerts(),
      ),
      [],
    );
  });

  it('has figures for every panel of the dashboard', async () => {
    await load(haraka, 'localip', '127.9\n127.8\n');
    await askFor(haraka, outside);
    // What is shown only while something is wrong, or is not acted on, or takes a look at the DNS.
    const mayBeEmpty = /faults_total.* > 0$|observed="true"|outcome="defer"/;
    for (const expression of dashboardExpressions()) {
      const samples = await eventually(
        (found) => found.length > 0 || mayBeEmpty.test(expression),
        () => prometheus.query(expression),
      ).catch(() => []);
      assert.ok(samples.length > 0 || mayBeEmpty.test(expression), `no figures for ${expression}`);
    }
  });

  it('shows the token where the guide says so, and is refused with another', async () => {
    haraka.write('smtpcheck.ini', `[status]\nlisten=127.0.0.1:${port}\ntoken_file=token\n`);
    await eventually(
      ([target]) => /401/.test(target ?? ''),
      () => prometheus.targets(),
    );
    prometheus.reload(
      config(
        scrapeWithToken
          .replace(/credentials_file: .*/, 'credentials_file: token }')
          .replace('mx.example.org', '127.0.0.1'),
      ),
    );
    const [target] = await eventually(
      ([one]) => one === 'up',
      () => prometheus.targets(),
    );
    assert.equal(target, 'up');
    assert.equal((await statusOf(haraka)).version, 1);
  });

  it('raises the alert of a server that is not scraped', async () => {
    await haraka.stop();
    const [raised] = await eventually(
      (alerts) => alerts.length > 0,
      () => prometheus.alerts(),
    );
    assert.equal(raised?.labels.alertname, 'SmtpcheckNotScraped');
  });
});

onPackage('the monitoring examples, by promtool', installPrometheus(), ({ root }) => {
  it('have alert rules that load', () => {
    const { status, output } = promtool(root, ['check', 'rules', 'alerts.yml'], { cwd: monitoringFolder });
    assert.equal(status, 0, output);
  });

  for (const tests of ['alerts.test.yml', 'refusals.test.yml']) {
    it(`pass ${tests}`, () => {
      const { status, output } = promtool(root, ['test', 'rules', tests], { cwd: monitoringFolder });
      assert.equal(status, 0, output);
    });
  }

  it('have a unit test for each alert', () => {
    const tests = monitoringFile('alerts.test.yml') + monitoringFile('refusals.test.yml');
    const alerts = [...monitoringFile('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    assert.ok(alerts.length >= 6);
    for (const name of alerts) assert.match(tests, new RegExp(`alertname: ${name}\\n +exp_alerts:\\n`), name);
  });

  it('have a dashboard whose expressions parse', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'smtpcheck-dashboard-'));
    try {
      const rules = dashboardExpressions().map((expr, n) => ({ record: `panel:${n}`, expr }));
      assert.ok(rules.length > 15);
      // JSON is YAML.
      fs.writeFileSync(path.join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
      const { status, output } = promtool(root, ['check', 'rules', 'rules.yml'], { cwd: folder });
      assert.equal(status, 0, output);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('have a dashboard with a data source of its own choice, and panels that do not cover each other', () => {
    const { panels, templating, schemaVersion } = dashboard();
    assert.ok(schemaVersion >= 41);
    assert.ok(templating.list.some(({ name, type }) => name === 'datasource' && type === 'datasource'));
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = new Set<string>();
    for (const { title, type, targets = [], datasource, gridPos } of panels) {
      if (type !== 'row') {
        assert.ok(targets.length > 0, title);
        for (const used of [datasource, ...targets.map((target) => target.datasource)]) {
          assert.equal(used?.uid, '$' + '{datasource}', title);
        }
      }
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x} ${y}`), `${title} covers another`);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });
});
