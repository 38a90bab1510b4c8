/**
 * The figures for Prometheus. Every label has its values from the suite or the settings, none from a client, so that no
 * client can make series.
 */
import { Counter, Gauge, Registry, type RegistryContentType } from 'prom-client';
import { countedWindows, stateOf } from './http/limits-page';
import { suiteVersion } from './package';
import { hooks } from './rules';
import type { StatusView } from './view';

const prefix = 'haraka_smtpcheck_';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** `accept`: OpenMetrics for a client that names it, else the text format of Prometheus. */
export async function metricsPage(
  view: StatusView,
  accept: string,
): Promise<{ readonly type: string; readonly body: string }> {
  const isOpen = accept.includes('application/openmetrics-text');
  const registry: Registry<RegistryContentType> = new Registry();
  if (isOpen) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers = [registry as Registry];
  const counter = (name: string, help: string, labelNames: readonly string[], samples: readonly Sample[]) => {
    const metric = new Counter({ name: `${prefix}${name}`, help, labelNames, registers });
    for (const { labels = {}, value } of samples) metric.inc(labels, value);
  };
  const gauge = (name: string, help: string, labelNames: readonly string[], samples: readonly Sample[]) => {
    const metric = new Gauge({ name: `${prefix}${name}`, help, labelNames, registers });
    for (const { labels = {}, value } of samples) metric.set(labels, value);
  };
  const { totals, processes } = view;
  const byName = (label: string, counts: ReadonlyMap<string, number>) =>
    [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));

  counter(
    'decisions_total',
    'Decisions for or against mail; observed="true" was not acted on.',
    ['plugin', 'outcome', 'rule', 'observed'],
    totals.decisions.map(({ plugin, outcome, rule, observed, count }) => ({
      labels: { plugin, outcome, rule, observed: String(observed) },
      value: count,
    })),
  );
  // `status`: a decision that could not be counted.
  const noFaults: [string, number][] = [...hooks, 'status'].map((hook) => [hook, 0]);
  counter(
    'faults_total',
    'Faults of the suite by hook; each was answered with a temporary refusal.',
    ['hook'],
    byName('hook', new Map([...noFaults, ...totals.faults])),
  );
  const perList = (name: string, help: string, figure: (list: StatusView['lists'][number]) => number) =>
    gauge(
      name,
      help,
      ['list'],
      view.lists.map((list) => ({ labels: { list: list.list }, value: figure(list) })),
    );
  perList('list_entries', 'Entries of the list in force.', ({ entries }) => entries);
  perList(
    'list_generation',
    'Generation of the policy since which the list is in force.',
    ({ generation }) => generation,
  );
  perList('list_loaded_timestamp_seconds', 'When the list in force was loaded.', ({ loadedAt }) => loadedAt / 1000);
  perList('list_rejected', '1 while a newer version of the list is rejected.', ({ rejected }) =>
    Number(rejected !== null),
  );
  perList('list_unavailable', '1 while the list is not known, and what it decides is deferred.', ({ state }) =>
    Number(state === 'unavailable'),
  );
  perList(
    'reload_seconds',
    'What the last reload of the list took, from reading to parsing.',
    ({ readTime }) => readTime / 1000,
  );
  counter('reloads_total', 'Changes of lists and settings.', ['result'], byName('result', totals.reloads));
  counter('dns_lookups_total', 'DNS questions by their result.', ['result'], byName('result', totals.lookups));
  const remembered = processes.reduce((sum, { rememberedNames }) => sum + rememberedNames, 0);
  gauge('dns_remembered_clients', 'Clients whose names are remembered.', [], [{ value: remembered }]);
  const windows = countedWindows(view).map(stateOf);
  gauge(
    'limits',
    'Clients, entries and users that are near a limit of recipients, or over it.',
    ['state'],
    ['near', 'over'].map((state) => ({ labels: { state }, value: windows.filter((one) => one === state).length })),
  );
  const { questions, remembered: fromMemory, unasked, cache } = view.source.verifier.counts;
  counter(
    'verify_questions_total',
    'Recipients that next hops were to be asked about, by their answer.',
    ['answer'],
    Object.entries(questions).map(([answer, value]) => ({ labels: { answer }, value })),
  );
  counter(
    'verify_remembered_total',
    'Recipients to verify that were answered from memory.',
    [],
    [{ value: fromMemory }],
  );
  counter(
    'verify_unasked_total',
    'Recipients to verify that the rate allowed no question for.',
    [],
    [{ value: unasked }],
  );
  gauge('verify_cache_size', 'Answers of next hops that are remembered.', [], [{ value: cache.size }]);
  gauge(
    'verify_cache_oldest_timestamp_seconds',
    'When the oldest of them was given; 0 where there is none.',
    [],
    [{ value: (cache.oldest ?? 0) / 1000 }],
  );
  gauge(
    'verify_accept_all_domains',
    'Domains whose next hop accepts whatever it is asked.',
    [],
    [{ value: cache.acceptAll.length }],
  );
  const workers = processes.filter(({ worker }) => worker > 0);
  const silent = workers.filter((worker) => view.isSilent(worker)).length;
  gauge(
    'workers',
    'Workers by whether they report to the master; none of a single process.',
    ['state'],
    [
      { labels: { state: 'reporting' }, value: workers.length - silent },
      { labels: { state: 'silent' }, value: silent },
    ],
  );
  const build = { version: suiteVersion, node: process.version };
  gauge('build_info', 'The versions that run.', ['version', 'node'], [{ labels: build, value: 1 }]);
  return { type: registry.contentType, body: await registry.metrics() };
}
